//! The configuration in force, for whoever reads it beside the switch: pages, retention, look-ups.

use crate::config::Config;
use std::sync::{Arc, PoisonError, RwLock};

/// Cheap to clone; every clone sees the next configuration once it is [`set`](Self::set). A lock, because requests read it side by side;
/// held to copy a pointer.
#[derive(Clone, Debug)]
pub struct Loaded(Arc<RwLock<Arc<Config>>>);

impl Loaded {
    #[must_use]
    pub fn new(config: Arc<Config>) -> Self {
        Self(Arc::new(RwLock::new(config)))
    }

    /// As it stands now; what is held on to does not change with a reload.
    #[must_use]
    pub fn get(&self) -> Arc<Config> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What a reload has brought.
    pub fn set(&self, config: Arc<Config>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = config;
    }
}
