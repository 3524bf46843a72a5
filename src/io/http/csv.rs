//! Reports as tables (RFC 4180): a line a figure, with all that it is made of, so that no program need know how a figure is reckoned.

use super::dto::{AgentTime, ReportAnswer, Timeline};
use super::qa::shapes::ResultRow;
use crate::io::shapes::Call;

/// One line; what needs quotes has them (RFC 4180 §2), and what a spreadsheet would take for a formula is a text.
fn line<'a>(out: &mut String, cells: impl IntoIterator<Item = std::borrow::Cow<'a, str>>) {
    for (index, cell) in cells.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        let guarded = cell.starts_with(['=', '@', '\t', '\r']) || cell.starts_with(['+', '-']) && cell.parse::<f64>().is_err();
        if guarded || cell.contains(['"', ',', '\n', '\r']) {
            out.push('"');
            out.push_str(if guarded { "'" } else { "" });
            out.push_str(&cell.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(&cell);
        }
    }
    out.push_str("\r\n");
}

fn shown<T: ToString>(value: Option<T>) -> std::borrow::Cow<'static, str> {
    value.map(|value| value.to_string()).unwrap_or_default().into()
}

pub fn results(rows: &[ResultRow]) -> String {
    let mut out = "from,key,scores,mean,passed,pass_rate,fatal,fatal_rate,not_applicable,overruled,lost\r\n".to_owned();
    for row in rows {
        let lost: Vec<&str> = row.lost.iter().map(|lost| lost.item.as_str()).collect();
        let cells = [
            shown(row.from),
            row.key.as_str().into(),
            shown(Some(row.n)),
            shown(row.mean),
            shown(Some(row.passed)),
            shown(row.pass_rate),
            shown(Some(row.fatal)),
            shown(row.fatal_rate),
            shown(Some(row.not_applicable)),
            shown(Some(row.overruled)),
            lost.join(" ").into(),
        ];
        line(&mut out, cells);
    }
    out
}

pub fn calls_head() -> String {
    "id,direction,caller,called,trunk,queue,agent,arrived_at,answered_at,connected_at,released_at,talk_ms,outcome,released_by,hung_up_first,\
     broken,recording,replay_number,mos_min\r\n"
        .to_owned()
}

pub fn call(out: &mut String, call: &Call) {
    let talk = call.released_at.zip(call.connected_at).map(|(to, from)| to.0 - from.0);
    line(
        out,
        [
            call.id.as_str().into(),
            call.direction.as_str().into(),
            call.caller.as_str().into(),
            call.called.as_str().into(),
            shown(call.trunk.as_deref()),
            shown(call.queue.as_deref()),
            shown(call.agent.as_deref()),
            shown(Some(call.arrived_at)),
            shown(call.answered_at),
            shown(call.connected_at),
            shown(call.released_at),
            shown(talk),
            shown(call.outcome.as_deref()),
            shown(call.released_by.as_deref()),
            shown(call.hung_up_first.as_deref()),
            call.broken.join(" ").into(),
            shown(call.recording.as_ref().map(|recording| recording.state.as_str())),
            shown(call.recording.as_ref().and_then(|recording| recording.replay_number)),
            shown(call.mos_min()),
        ],
    );
}

pub fn report(report: &ReportAnswer) -> String {
    let mut out = String::from("report,key,from,until,figure,value,unit,numerator,denominator,formula\r\n");
    for row in &report.rows {
        let (from, until) = (row.from.to_string(), row.until.to_string());
        for figure in &row.figures {
            let formula = report.formulas.iter().find(|formula| formula.name == figure.name).map(|formula| formula.formula);
            line(
                &mut out,
                [
                    report.report.into(),
                    row.key.as_str().into(),
                    from.as_str().into(),
                    until.as_str().into(),
                    figure.name.as_str().into(),
                    shown(figure.value),
                    figure.unit.into(),
                    shown(Some(figure.numerator)),
                    shown(figure.denominator),
                    formula.unwrap_or_default().into(),
                ],
            );
        }
    }
    out
}

pub fn intervals(items: &[AgentTime]) -> String {
    let mut out = String::from("agent,state,reason,from,until,call,queue\r\n");
    for item in items {
        line(
            &mut out,
            [
                item.agent.as_str().into(),
                item.state.as_str().into(),
                shown(item.reason.as_ref()),
                shown(Some(item.from)),
                shown(item.until),
                shown(item.call.as_ref()),
                shown(item.queue.as_ref()),
            ],
        );
    }
    out
}

/// The sessions alone; what was done in them is in [`intervals`].
pub fn timeline(items: &[Timeline]) -> String {
    let mut out = String::from("agent,name,team,logged_on_at,logged_off_at,talking_ms,after_call_ms,idle_ms,not_ready_ms\r\n");
    for item in items {
        for session in &item.sessions {
            line(
                &mut out,
                [
                    item.agent.as_str().into(),
                    shown(item.name.as_ref()),
                    shown(item.team.as_ref()),
                    shown(Some(session.logged_on_at)),
                    shown(session.logged_off_at),
                    shown(Some(session.talking_ms)),
                    shown(Some(session.after_call_ms)),
                    shown(Some(session.idle_ms)),
                    shown(Some(session.not_ready_ms)),
                ],
            );
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_quotes_has_them_and_nothing_becomes_a_formula() {
        for (cell, expected) in [
            ("plain", "plain\r\n"),
            ("a,b", "\"a,b\"\r\n"),
            ("say \"no\"", "\"say \"\"no\"\"\"\r\n"),
            ("=1+1", "\"'=1+1\"\r\n"),
            ("-1.5", "-1.5\r\n"),
            ("-cmd", "\"'-cmd\"\r\n"),
            ("", "\r\n"),
        ] {
            let mut out = String::new();
            line(&mut out, [cell.into()]);
            assert_eq!(out, expected);
        }
    }
}
