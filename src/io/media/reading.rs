//! Recordings that somebody listens to by phone: read on a thread of its own, for no media worker waits for a disk.

use super::Bell;
use crate::io::recorder;
use crate::media::{Clip, Wanted};
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError};
use std::thread;

/// A worker's wish.
pub(super) type Asked = (usize, Wanted);
/// And what came of it.
pub(super) type Read = (Wanted, Option<Clip>);

/// The way back to one worker.
pub(super) struct Asker {
    pub answers: SyncSender<Read>,
    pub bell: Bell,
}

/// Reads until no worker is left who could ask.
///
/// # Errors
/// No thread can be made.
pub(super) fn start(folder: PathBuf, asked: Receiver<Asked>, askers: Vec<Asker>) -> io::Result<()> {
    thread::Builder::new().name("media-reading".to_owned()).spawn(move || {
        for (worker, wanted) in asked {
            let sound = recorder::excerpt(&folder, wanted.excerpt);
            if let Err(error) = &sound {
                tracing::warn!(call = %wanted.excerpt.call, %error, "a recording cannot be listened to");
            }
            let Asker { answers, bell } = &askers[worker];
            // A worker that is gone has nobody who listens.
            if answers.send((wanted, sound.ok())).is_ok() {
                bell.ring();
            }
        }
    })?;
    Ok(())
}

/// One worker's end.
pub(super) struct Desk {
    pub worker: usize,
    pub asks: SyncSender<Asked>,
    pub answers: Receiver<Read>,
}

impl Desk {
    /// Asks for a piece; given back when too many are waited for.
    pub fn ask(&self, wanted: Wanted) -> Option<Wanted> {
        match self.asks.try_send((self.worker, wanted)) {
            Ok(()) => None,
            Err(TrySendError::Full((_, wanted)) | TrySendError::Disconnected((_, wanted))) => Some(wanted),
        }
    }
}
