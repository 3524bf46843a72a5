//! The shipped configuration, inside the program: `init` and `demo` work wherever it stands. A test compares the list with the
//! folder.

/// Marks the lines of the shipped agents that are true of the shipped passwords alone.
pub const DEMO_NOTE: &str = "# DEMO:";

macro_rules! shipped {
    ($($path:literal,)*) => {
        /// Every file of `config/`: its path in the folder and its bytes.
        pub const FILES: &[(&str, &[u8])] = &[$(($path, include_bytes!(concat!("../../config/", $path)))),*];
    };
}

shipped! {
    "agents.toml",
    "queues.toml",
    "routing.toml",
    "rules.toml",
    "switch.toml",
    "prompts/en-US/agent_faint.wav",
    "prompts/en-US/agent_greeting.wav",
    "prompts/en-US/agent_greeting_suffix.wav",
    "prompts/en-US/agent_loud.wav",
    "prompts/en-US/agent_noisy.wav",
    "prompts/en-US/agent_number.wav",
    "prompts/en-US/agent_open_microphone.wav",
    "prompts/en-US/call_back_agent.wav",
    "prompts/en-US/call_back_confirm.wav",
    "prompts/en-US/call_back_not_reached.wav",
    "prompts/en-US/call_back_number.wav",
    "prompts/en-US/call_back_offer.wav",
    "prompts/en-US/call_back_offer_suffix.wav",
    "prompts/en-US/call_back_or_number.wav",
    "prompts/en-US/call_back_promised.wav",
    "prompts/en-US/call_back_reached.wav",
    "prompts/en-US/call_back_wrong_number.wav",
    "prompts/en-US/caller_faint.wav",
    "prompts/en-US/caller_noisy.wav",
    "prompts/en-US/closed.wav",
    "prompts/en-US/company.wav",
    "prompts/en-US/dialect_ask.wav",
    "prompts/en-US/dialect_call_back.wav",
    "prompts/en-US/dialect_other_person.wav",
    "prompts/en-US/digits/0.wav",
    "prompts/en-US/digits/1.wav",
    "prompts/en-US/digits/2.wav",
    "prompts/en-US/digits/3.wav",
    "prompts/en-US/digits/4.wav",
    "prompts/en-US/digits/5.wav",
    "prompts/en-US/digits/6.wav",
    "prompts/en-US/digits/7.wav",
    "prompts/en-US/digits/8.wav",
    "prompts/en-US/digits/9.wav",
    "prompts/en-US/escalation.wav",
    "prompts/en-US/goodbye.wav",
    "prompts/en-US/greeting_afternoon.wav",
    "prompts/en-US/greeting_early.wav",
    "prompts/en-US/greeting_evening.wav",
    "prompts/en-US/greeting_morning.wav",
    "prompts/en-US/greeting_noon.wav",
    "prompts/en-US/handset_ask.wav",
    "prompts/en-US/handset_farewell.wav",
    "prompts/en-US/hold_overdue.wav",
    "prompts/en-US/low_volume_ask.wav",
    "prompts/en-US/low_volume_farewell.wav",
    "prompts/en-US/meeting_ask.wav",
    "prompts/en-US/menu.wav",
    "prompts/en-US/menu_wrong.wav",
    "prompts/en-US/message_ask.wav",
    "prompts/en-US/message_kept.wav",
    "prompts/en-US/noise_farewell.wav",
    "prompts/en-US/patience.wav",
    "prompts/en-US/promise_120.wav",
    "prompts/en-US/promise_180.wav",
    "prompts/en-US/promise_30.wav",
    "prompts/en-US/promise_300.wav",
    "prompts/en-US/promise_60.wav",
    "prompts/en-US/prompts.toml",
    "prompts/en-US/queue_ahead.wav",
    "prompts/en-US/queue_ahead_many.wav",
    "prompts/en-US/queue_ahead_suffix.wav",
    "prompts/en-US/queue_comfort.wav",
    "prompts/en-US/queue_next.wav",
    "prompts/en-US/queue_wait.wav",
    "prompts/en-US/queue_wait_long.wav",
    "prompts/en-US/queue_wait_soon.wav",
    "prompts/en-US/queue_wait_suffix.wav",
    "prompts/en-US/silent_ask.wav",
    "prompts/en-US/silent_farewell.wav",
    "prompts/en-US/survey_ask.wav",
    "prompts/en-US/thanks.wav",
    "prompts/en-US/welcome.wav",
    "prompts/music/hold.wav",
    "prompts/zh-CN/agent_faint.wav",
    "prompts/zh-CN/agent_greeting.wav",
    "prompts/zh-CN/agent_greeting_suffix.wav",
    "prompts/zh-CN/agent_loud.wav",
    "prompts/zh-CN/agent_noisy.wav",
    "prompts/zh-CN/agent_number.wav",
    "prompts/zh-CN/agent_open_microphone.wav",
    "prompts/zh-CN/call_back_agent.wav",
    "prompts/zh-CN/call_back_confirm.wav",
    "prompts/zh-CN/call_back_not_reached.wav",
    "prompts/zh-CN/call_back_number.wav",
    "prompts/zh-CN/call_back_offer.wav",
    "prompts/zh-CN/call_back_offer_suffix.wav",
    "prompts/zh-CN/call_back_or_number.wav",
    "prompts/zh-CN/call_back_promised.wav",
    "prompts/zh-CN/call_back_reached.wav",
    "prompts/zh-CN/call_back_wrong_number.wav",
    "prompts/zh-CN/caller_faint.wav",
    "prompts/zh-CN/caller_noisy.wav",
    "prompts/zh-CN/closed.wav",
    "prompts/zh-CN/company.wav",
    "prompts/zh-CN/dialect_ask.wav",
    "prompts/zh-CN/dialect_call_back.wav",
    "prompts/zh-CN/dialect_other_person.wav",
    "prompts/zh-CN/digits/0.wav",
    "prompts/zh-CN/digits/1.wav",
    "prompts/zh-CN/digits/2.wav",
    "prompts/zh-CN/digits/3.wav",
    "prompts/zh-CN/digits/4.wav",
    "prompts/zh-CN/digits/5.wav",
    "prompts/zh-CN/digits/6.wav",
    "prompts/zh-CN/digits/7.wav",
    "prompts/zh-CN/digits/8.wav",
    "prompts/zh-CN/digits/9.wav",
    "prompts/zh-CN/escalation.wav",
    "prompts/zh-CN/goodbye.wav",
    "prompts/zh-CN/greeting_afternoon.wav",
    "prompts/zh-CN/greeting_early.wav",
    "prompts/zh-CN/greeting_evening.wav",
    "prompts/zh-CN/greeting_morning.wav",
    "prompts/zh-CN/greeting_noon.wav",
    "prompts/zh-CN/handset_ask.wav",
    "prompts/zh-CN/handset_farewell.wav",
    "prompts/zh-CN/hold_overdue.wav",
    "prompts/zh-CN/low_volume_ask.wav",
    "prompts/zh-CN/low_volume_farewell.wav",
    "prompts/zh-CN/meeting_ask.wav",
    "prompts/zh-CN/menu.wav",
    "prompts/zh-CN/menu_wrong.wav",
    "prompts/zh-CN/message_ask.wav",
    "prompts/zh-CN/message_kept.wav",
    "prompts/zh-CN/noise_farewell.wav",
    "prompts/zh-CN/patience.wav",
    "prompts/zh-CN/promise_120.wav",
    "prompts/zh-CN/promise_180.wav",
    "prompts/zh-CN/promise_30.wav",
    "prompts/zh-CN/promise_300.wav",
    "prompts/zh-CN/promise_60.wav",
    "prompts/zh-CN/prompts.toml",
    "prompts/zh-CN/queue_ahead.wav",
    "prompts/zh-CN/queue_ahead_many.wav",
    "prompts/zh-CN/queue_ahead_suffix.wav",
    "prompts/zh-CN/queue_comfort.wav",
    "prompts/zh-CN/queue_next.wav",
    "prompts/zh-CN/queue_wait.wav",
    "prompts/zh-CN/queue_wait_long.wav",
    "prompts/zh-CN/queue_wait_soon.wav",
    "prompts/zh-CN/queue_wait_suffix.wav",
    "prompts/zh-CN/silent_ask.wav",
    "prompts/zh-CN/silent_farewell.wav",
    "prompts/zh-CN/survey_ask.wav",
    "prompts/zh-CN/thanks.wav",
    "prompts/zh-CN/welcome.wav",
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    fn list(folder: &Path, prefix: &str, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).expect("a shipped folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            if path.is_dir() {
                list(&path, &format!("{prefix}{name}/"), found);
            } else {
                found.insert(format!("{prefix}{name}"));
            }
        }
    }

    #[test]
    fn what_is_inside_the_program_is_what_stands_in_the_folder() {
        let mut found = BTreeSet::new();
        list(&Path::new(env!("CARGO_MANIFEST_DIR")).join("config"), "", &mut found);
        let inside: BTreeSet<String> = FILES.iter().map(|(path, _)| (*path).to_owned()).collect();
        assert_eq!(inside, found);
    }
}
