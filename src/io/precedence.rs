//! Who goes first when the processor is short: calls and their sound, then what is written of them. On Linux niceness is a thread's.

/// The writers of recordings and rows: in time on a busy machine, for what they write waits in queues that are bounded.
pub const WRITING: i32 = 5;
/// What has all the time there is: hashing a recording that is over.
pub const FINISHING: i32 = 10;

/// The calling thread gives way to the others by so much, for good.
pub fn give_way(by: i32) {
    // A system that refuses lets it have its turn with the others.
    let _ = rustix::process::nice(by);
}
