//! Who goes first when the processor is short: the sound of running calls, then what is decided of them and of new ones, then what is
//! written of them. On Linux niceness is a thread's.

/// A packet is late after milliseconds, and costs microseconds: under a flood of new calls sound does not wait for their signalling (weights
/// 14 to 1). What keeps it from starving the decisions that end calls is that no more calls are let in than are served in time
/// (`sip::admission`).
pub const SOUND: i32 = -12;

/// The writers of recordings and rows: in time on a busy machine, for what they write waits in queues that are bounded.
pub const WRITING: i32 = 5;
/// Hashing and naming a recording that is over: it has time, but not for ever. It gets a share also of a core that is never idle.
pub const FINISHING: i32 = 6;

/// The calling thread goes before the others by so much (negative), where the system allows it: root, or CAP_SYS_NICE.
pub fn go_first(by: i32) {
    // Refused: the media plane shares the processor evenly, as any thread does.
    let _ = rustix::process::nice(by);
}

/// The calling thread gives way to the others by so much, for good.
pub fn give_way(by: i32) {
    // A system that refuses lets it have its turn with the others.
    let _ = rustix::process::nice(by);
}
