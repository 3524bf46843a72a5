//! `docs/figures.md`, made of the definitions.

use super::{DEFINITIONS, Definition, Kind, VARIANTS};

/// The page as it stands in `docs/`.
#[must_use]
pub fn markdown() -> String {
    let mut out = String::from(
        "# Figures\n\n\
         Made from the code (`src/report/measure.rs`, `src/report/service_level.rs`); `SANLING_WRITE_FIXTURES=1 cargo test --test docs` writes it \
         anew.\n\n\
         `GET /api/v1/reports/queues`, `agents`, `teams`, `scripts` give these figures for the time from `since` to `until`, in one or `by` \
         half-hour or day, as JSON or CSV, each with its numerator and denominator; `intervals` and `timeline` give agents' time as it was. \
         `GET /api/v1/queues` and the event `figures.queue` show those of today, of the same facts by the same code.\n\n\
         **When a fact counts.** A time in a queue counts, with its offers and however it ends, where it began, so that \
         O = A + B + C + F + W in every slice, and slices add up. The same goes for a part in a call, a hold, a script and a question of the survey; what is said of a \
         call as a whole counts when an agent had the caller first. Agents' time is cut at the edges of slices. A caller who goes through \
         several queues was in each of them.\n\n\
         **Letters.** T, s, D: `service_level`, `short_abandon`, `settled_days` of [`[reports]`](configuration.md). N: `max_rings` of \
         `[rules.answer]`. G: `within` of `[rules.greeting]`. The patience: of `[rules.hold]`. O offered, A answered, B abandoned, C hung up to be \
         called back, F flowed out, W waiting; A_T, B_T after a wait of at most T; B_s after less than s; M_T offers that rang out before the \
         caller had waited T.\n\n\
         ## The service level\n\n\
         | variant | formula |\n| --- | --- |\n",
    );
    for variant in VARIANTS {
        out.push_str(&format!("| `{}` | {} |\n", variant.name, variant.formula));
    }
    for (title, kind) in [("Queues", Kind::Queues), ("Agents and teams", Kind::Agents), ("Scripts of service", Kind::Scripts)] {
        out.push_str(&format!("\n## {title}\n\n| figure | unit | formula | meaning |\n| --- | --- | --- | --- |\n"));
        for Definition { name, unit, formula, meaning, .. } in DEFINITIONS.iter().filter(|definition| definition.kinds.contains(&kind)) {
            out.push_str(&format!("| `{name}` | {} | {formula} | {meaning} |\n", unit.name()));
        }
    }
    out
}
