//! How many files and sockets may be open. A leg takes two sockets and a recording a file: five a call; the usual soft limit of 1,024
//! would end at two hundred calls.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the soft limit to the hard one, as far as the system lets it, and returns what holds now; `None` is no limit. To be called
/// first of all.
pub fn raise_limit() -> Option<u64> {
    let limit = getrlimit(Resource::Nofile);
    // A refusal leaves the limit as it was, and that is what is told.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    getrlimit(Resource::Nofile).current
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_is_the_hard_one() {
        let raised = raise_limit();
        assert_eq!(raised, getrlimit(Resource::Nofile).maximum);
        assert!(raised.is_none_or(|limit| limit >= 1_024));
    }
}
