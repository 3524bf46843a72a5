//! The service level, as different houses have it. They differ in who counts; each says how.

use super::VisitTally;

/// One way to reckon it.
pub struct Variant {
    pub name: &'static str,
    pub formula: &'static str,
    /// Numerator and denominator.
    pub of: fn(&VisitTally) -> (u64, u64),
}

impl std::fmt::Debug for Variant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// The house's own comes first.
pub const VARIANTS: &[Variant] = &[
    Variant { name: "ours", formula: "A_T / (A + B − B_s)", of: |t| (t.answered_in_time, t.answered + t.abandoned - t.short_abandoned) },
    // Genesys Cloud: (A − A_missed) / ((A + B) [+ F] [− B_s] [− B]), three switches, two of which exclude each other.
    Variant { name: "genesys", formula: "A_T / (A + B)", of: |t| (t.answered_in_time, t.answered + t.abandoned) },
    Variant {
        name: "genesys-without-short",
        formula: "A_T / (A + B − B_s)",
        of: |t| (t.answered_in_time, t.answered + t.abandoned - t.short_abandoned),
    },
    Variant { name: "genesys-without-abandoned", formula: "A_T / A", of: |t| (t.answered_in_time, t.answered) },
    Variant {
        name: "genesys-with-flow-outs",
        formula: "A_T / (A + B + F)",
        of: |t| (t.answered_in_time, t.answered + t.abandoned + t.flowed_out),
    },
    Variant {
        name: "genesys-with-flow-outs-without-short",
        formula: "A_T / (A + B + F − B_s)",
        of: |t| (t.answered_in_time, t.answered + t.abandoned + t.flowed_out - t.short_abandoned),
    },
    Variant {
        name: "genesys-with-flow-outs-without-abandoned",
        formula: "A_T / (A + F)",
        of: |t| (t.answered_in_time, t.answered + t.flowed_out),
    },
    // Asterisk's SL and SL2 of app_queue.
    Variant { name: "asterisk", formula: "A_T / A", of: |t| (t.answered_in_time, t.answered) },
    Variant {
        name: "asterisk-2",
        formula: "(A_T + B_T) / (A + B)",
        of: |t| (t.answered_in_time + t.abandoned_in_time, t.answered + t.abandoned),
    },
    // Cisco: an offer that rang out before T counts as a caller who left in time, and as one more who was offered.
    Variant {
        name: "cisco-ignored",
        formula: "A_T / (S − B_T − M_T), S = A + B + F after T + W after T + M_T: those whose service level is decided",
        of: |t| (t.answered_in_time, cisco_offered(t) - cisco_abandoned(t)),
    },
    Variant {
        name: "cisco-positive",
        formula: "(A_T + B_T + M_T) / S, S = A + B + F after T + W after T + M_T",
        of: |t| (t.answered_in_time + cisco_abandoned(t), cisco_offered(t)),
    },
    Variant {
        name: "cisco-negative",
        formula: "A_T / S, S = A + B + F after T + W after T + M_T",
        of: |t| (t.answered_in_time, cisco_offered(t)),
    },
];

fn cisco_abandoned(tally: &VisitTally) -> u64 {
    tally.abandoned_in_time + tally.offers_missed_in_time
}

fn cisco_offered(tally: &VisitTally) -> u64 {
    tally.answered + tally.abandoned + tally.flowed_out_late + tally.waiting_late + tally.offers_missed_in_time
}
