//! One file a rule.

mod access;
mod agents;
mod announcing;
mod calls;
mod consultation;
mod decisions;
mod descriptions;
mod failures;
mod farewell;
mod figures;
mod greeting;
mod hold;
mod hours;
mod menus;
mod messages;
mod operating;
mod overflow;
mod promise;
mod restarts;
mod scripts;
mod silent_call;
mod supervision;
mod three_rings;
mod transfer;
mod trunks;
mod waiting;
