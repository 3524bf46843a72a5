//! The configuration in force, for whoever reads it beside the switch: pages, retention, look-ups.

use crate::config::{Config, SourceFile};
use std::sync::{Arc, PoisonError, RwLock};

/// Cheap to clone; every clone sees the next configuration once it is [`set`](Self::set). A lock, because requests read it side by side;
/// held to copy a pointer.
#[derive(Clone, Debug)]
pub struct Loaded(Arc<RwLock<InForce>>);

#[derive(Clone, Debug)]
struct InForce {
    config: Arc<Config>,
    /// What it was read from.
    texts: Arc<[SourceFile]>,
}

impl Loaded {
    #[must_use]
    pub fn new(config: Arc<Config>, texts: Vec<SourceFile>) -> Self {
        Self(Arc::new(RwLock::new(InForce { config, texts: texts.into() })))
    }

    /// As it stands now; what is held on to does not change with a reload.
    #[must_use]
    pub fn get(&self) -> Arc<Config> {
        self.now().config
    }

    /// The files that it was read from, as they were then.
    #[must_use]
    pub fn texts(&self) -> Arc<[SourceFile]> {
        self.now().texts
    }

    /// What a reload has brought.
    pub fn set(&self, config: Arc<Config>, texts: Vec<SourceFile>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = InForce { config, texts: texts.into() };
    }

    fn now(&self) -> InForce {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
