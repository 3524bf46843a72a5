//! What is wrong with one of the store's files at present.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// None, or a sentence for an operator. A lock, because the threads write it when something fails and the API reads it.
#[derive(Debug, Default)]
pub(super) struct Trouble(Mutex<Option<String>>);

impl Trouble {
    /// True when it is new.
    pub fn failed(&self, what: &str) -> bool {
        self.text_lock().replace(what.to_owned()).as_deref() != Some(what)
    }

    /// True when there was trouble.
    pub fn recovered(&self) -> bool {
        self.text_lock().take().is_some()
    }

    pub fn is_there(&self) -> bool {
        self.text_lock().is_some()
    }

    pub fn text(&self) -> Option<String> {
        self.text_lock().clone()
    }

    fn text_lock(&self) -> MutexGuard<'_, Option<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
