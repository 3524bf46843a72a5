//! When the house is open: a week of hours in a time zone, and the days that are otherwise. A pure function of the wall clock: the zones come
//! with the program (IANA's data, bundled), no file is read.

use crate::base::{CalendarId, Planned, Timestamp};
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Calendar {
    pub id: CalendarId,
    pub zone: TimeZone,
    /// From Monday to Sunday.
    pub week: [Vec<Span>; 7],
    pub exceptions: Vec<Exception>,
}

/// Minutes of a day, `to` is the first that is outside; 1,440 ends with the day.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    pub from: u16,
    pub to: u16,
}

/// Days that are not as their weekday: holidays, and working days that make up for them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Exception {
    pub from: Date,
    /// The last of them.
    pub until: Date,
    /// Empty: a holiday.
    pub open: Vec<Span>,
}

/// What a calendar says of a moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hours {
    Open,
    /// A working day, outside its hours; or a weekday that has none.
    Closed,
    Holiday,
}

impl Calendar {
    /// By the clocks of its zone; summer time is the zone's business. Of the exceptions that cover a day, the one of the fewest days counts:
    /// a working day inside of a holiday week is one.
    #[must_use]
    pub fn at(&self, at: Timestamp) -> Hours {
        // A clock outside the years −9999 to 9999 is wrong, and a wrong clock closes nobody's house.
        let Ok(moment) = jiff::Timestamp::from_millisecond(at.0) else { return Hours::Open };
        let local = self.zone.to_datetime(moment);
        let date = local.date();
        let minute = u16::try_from(i32::from(local.hour()) * 60 + i32::from(local.minute())).unwrap_or(0);
        let within = |spans: &[Span]| spans.iter().any(|span| (span.from..span.to).contains(&minute));
        match self.exception_on(date) {
            Some(exception) if exception.open.is_empty() => Hours::Holiday,
            Some(exception) if within(&exception.open) => Hours::Open,
            None if within(&self.week[weekday(date)]) => Hours::Open,
            Some(_) | None => Hours::Closed,
        }
    }
}

impl Calendar {
    fn exception_on(&self, date: Date) -> Option<&Exception> {
        let exceptions = self.exceptions.iter().filter(|exception| (exception.from..=exception.until).contains(&date));
        exceptions.min_by_key(|exception| days(exception))
    }

    /// What is planned between two moments, in order: the hours of each day, and the breaks between them.
    #[must_use]
    pub fn planned(&self, from: Timestamp, to: Timestamp) -> Vec<Planned> {
        let date = |at: Timestamp| jiff::Timestamp::from_millisecond(at.0).ok().map(|moment| self.zone.to_datetime(moment).date());
        let (Some(mut day), Some(last)) = (date(from), date(to)) else { return Vec::new() };
        let mut planned = Vec::new();
        while day <= last {
            let spans = self.exception_on(day).map_or(&self.week[weekday(day)], |exception| &exception.open);
            let mut before: Option<u16> = None;
            let mut spans: Vec<Span> = spans.clone();
            spans.sort_by_key(|span| span.from);
            for span in spans {
                let pause = before.map(|end| (end, span.from, false));
                for (begin, end, at_work) in pause.into_iter().chain([(span.from, span.to, true)]) {
                    let (begin, end) = (self.moment(day, begin).max(from), self.moment(day, end).min(to));
                    if begin < end {
                        planned.push(Planned { from: begin, to: end, at_work });
                    }
                }
                before = Some(span.to);
            }
            let Ok(next) = day.tomorrow() else { break };
            day = next;
        }
        planned
    }

    /// That minute of the day; 1,440 is the next midnight.
    fn moment(&self, day: Date, minute: u16) -> Timestamp {
        let (day, minute) = if minute >= 1_440 { (day.tomorrow().unwrap_or(day), 0) } else { (day, minute) };
        let time = Time::midnight().saturating_add(jiff::SignedDuration::from_mins(i64::from(minute)));
        let moment = day.to_datetime(time).to_zoned(self.zone.clone());
        moment.map_or(Timestamp(i64::MAX), |moment| Timestamp(moment.timestamp().as_millisecond()))
    }
}

fn days(exception: &Exception) -> i32 {
    exception.from.until(exception.until).map_or(i32::MAX, |span| span.get_days())
}

fn weekday(date: Date) -> usize {
    match date.weekday() {
        Weekday::Monday => 0,
        Weekday::Tuesday => 1,
        Weekday::Wednesday => 2,
        Weekday::Thursday => 3,
        Weekday::Friday => 4,
        Weekday::Saturday => 5,
        Weekday::Sunday => 6,
    }
}

/// A time zone by its IANA name, of those that come with the program.
#[must_use]
pub fn zone(name: &str) -> Option<TimeZone> {
    jiff::tz::TimeZoneDatabase::bundled().get(name).ok()
}

/// The names of all zones.
pub(super) fn zones() -> Vec<String> {
    jiff::tz::TimeZoneDatabase::bundled().available().map(|name| name.as_str().to_owned()).collect()
}

/// `09:00-12:00`, within one day; `24:00` is its end.
#[must_use]
pub fn span(text: &str) -> Option<Span> {
    let minute = |text: &str| -> Option<u16> {
        let (hour, minute) = text.split_once(':')?;
        let number =
            |digits: &str| if digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit()) { digits.parse::<u16>().ok() } else { None };
        let (hour, minute) = (number(hour)?, number(minute)?);
        (minute < 60 && hour * 60 + minute <= 1_440).then_some(hour * 60 + minute)
    };
    let (from, to) = text.split_once('-')?;
    let (from, to) = (minute(from)?, minute(to)?);
    (from < to).then_some(Span { from, to })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(texts: &[&str]) -> Vec<Span> {
        texts.iter().map(|text| span(text).expect("hours")).collect()
    }

    fn office(zone_name: &str) -> Calendar {
        let day = || spans(&["09:00-12:00", "13:30-18:00"]);
        let exception = |from: &str, until: &str, open: &[&str]| Exception {
            from: from.parse().expect("a date"),
            until: until.parse().expect("a date"),
            open: spans(open),
        };
        Calendar {
            id: "office".into(),
            zone: zone(zone_name).expect("a zone"),
            week: [day(), day(), day(), day(), day(), Vec::new(), Vec::new()],
            exceptions: vec![
                exception("2026-10-01", "2026-10-07", &[]),
                exception("2026-10-04", "2026-10-04", &["10:00-11:00"]),
                exception("2026-10-10", "2026-10-10", &["09:00-24:00"]),
            ],
        }
    }

    fn at(calendar: &Calendar, local: &str) -> Hours {
        let moment = local.parse::<jiff::civil::DateTime>().expect("a time").to_zoned(calendar.zone.clone()).expect("a moment");
        calendar.at(Timestamp(moment.timestamp().as_millisecond()))
    }

    #[test]
    fn a_plan_has_the_hours_of_each_day_and_the_breaks_between_them() {
        let office = office("Asia/Shanghai");
        let moment = |local: &str| {
            let zoned = local.parse::<jiff::civil::DateTime>().expect("a time").to_zoned(office.zone.clone()).expect("a moment");
            Timestamp(zoned.timestamp().as_millisecond())
        };
        let planned = |from: &str, to: &str| {
            let local = |at: Timestamp| {
                let moment = jiff::Timestamp::from_millisecond(at.0).expect("a moment");
                office.zone.to_datetime(moment).strftime("%d %H:%M").to_string()
            };
            let shown = |one: &Planned| (local(one.from), local(one.to), one.at_work);
            office.planned(moment(from), moment(to)).iter().map(shown).collect::<Vec<_>>()
        };
        let line = |from: &str, to: &str, at_work: bool| (from.to_owned(), to.to_owned(), at_work);
        // From a Friday's break to the Monday's first hour; nothing is planned between.
        assert_eq!(
            planned("2026-11-20T12:30:00", "2026-11-23T10:00:00"),
            [line("20 12:30", "20 13:30", false), line("20 13:30", "20 18:00", true), line("23 09:00", "23 10:00", true)]
        );
        // A holiday, and a working day that ends with midnight.
        assert_eq!(planned("2026-10-02T00:00:00", "2026-10-03T00:00:00"), []);
        assert_eq!(planned("2026-10-10T00:00:00", "2026-10-11T12:00:00"), [line("10 09:00", "11 00:00", true)]);
        assert_eq!(planned("2026-11-23T20:00:00", "2026-11-23T08:00:00"), [], "the wrong way round");
    }

    #[test]
    fn a_day_opens_and_closes_to_the_minute_by_the_clocks_of_its_zone() {
        let office = office("Asia/Shanghai");
        for (local, expected) in [
            // A Monday.
            ("2026-11-23T08:59:59.999", Hours::Closed),
            ("2026-11-23T09:00:00", Hours::Open),
            ("2026-11-23T11:59:59.999", Hours::Open),
            ("2026-11-23T12:00:00", Hours::Closed),
            ("2026-11-23T13:30:00", Hours::Open),
            ("2026-11-23T18:00:00", Hours::Closed),
            // A Sunday.
            ("2026-11-22T10:00:00", Hours::Closed),
        ] {
            assert_eq!(at(&office, local), expected, "{local}");
        }
        // 01:00 in Greenwich is 09:00 in Shanghai.
        assert_eq!(office.at(Timestamp(1_795_395_600_000)), Hours::Open);
        assert_eq!(office.at(Timestamp(1_795_395_600_000 - 1)), Hours::Closed);
    }

    #[test]
    fn exceptions_are_holidays_or_days_of_their_own_hours_and_the_narrowest_counts() {
        let office = office("Asia/Shanghai");
        for (local, expected) in [
            ("2026-09-30T23:59:59", Hours::Closed),
            ("2026-10-01T00:00:00", Hours::Holiday),
            ("2026-10-07T10:00:00", Hours::Holiday),
            ("2026-10-08T10:00:00", Hours::Open),
            ("2026-10-04T10:30:00", Hours::Open),
            ("2026-10-04T11:30:00", Hours::Closed),
            // A Saturday that is worked.
            ("2026-10-10T23:59:59", Hours::Open),
            ("2026-10-11T00:00:00", Hours::Closed),
        ] {
            assert_eq!(at(&office, local), expected, "{local}");
        }
    }

    #[test]
    fn summer_time_is_the_zones() {
        let office = office("Europe/Berlin");
        // 2026-03-27 is a Friday of winter, 2026-03-30 a Monday of summer: nine is eight in Greenwich, then seven.
        let utc = |text: &str| Timestamp(text.parse::<jiff::Timestamp>().expect("a time").as_millisecond());
        for (text, expected) in [
            ("2026-03-27T07:59:59Z", Hours::Closed),
            ("2026-03-27T08:00:00Z", Hours::Open),
            ("2026-03-30T06:59:59Z", Hours::Closed),
            ("2026-03-30T07:00:00Z", Hours::Open),
        ] {
            assert_eq!(office.at(utc(text)), expected, "{text}");
        }
    }

    #[test]
    fn hours_are_two_times_of_one_day() {
        for (text, expected) in [
            ("09:00-12:00", Some((540, 720))),
            ("00:00-24:00", Some((0, 1_440))),
            ("22:00-06:00", None),
            ("09:00-09:00", None),
            ("9:00-12:00", None),
            ("09:60-12:00", None),
            ("09:00-24:01", None),
            ("09:00–12:00", None),
            ("+9:00-12:00", None),
            ("", None),
        ] {
            assert_eq!(span(text).map(|span| (span.from, span.to)), expected, "{text}");
        }
        assert!(zone("Asia/Shanghai").is_some() && zone("Asia/Beijing").is_none());
    }
}
