//! Calendars: weeks of hours, holidays, time zones.

use super::destination::{Dialled, Named};
use super::{Placed, Resolver, Spot};
use crate::base::CalendarId;
use crate::base::ClipId;
use crate::config::calendar::{Calendar, Exception, Span, span, zone, zones};
use crate::config::raw::{RawCalendar, RawException, RawRoute, RawWeek};
use crate::config::{Destination, RouteHours};
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// What a caller hears outside the hours, unless the route says otherwise.
const CLOSED: &str = "closed";

impl Resolver<'_> {
    pub(super) fn calendars(&mut self, raw: Vec<RawCalendar>) -> Placed<CalendarId, Calendar> {
        let mut calendars: Placed<CalendarId, Calendar> = Placed::new();
        for raw in raw {
            let zone = self.required(raw.zone.as_ref(), "calendar", "zone", raw.place, &raw.given).map(|spot| self.zone(spot));
            let week = self.required(raw.open.as_ref(), "calendar", "open", raw.place, &raw.given).map(|open| self.week(open));
            let exceptions = raw.exception.iter().flatten().filter_map(|exception| self.exception(exception)).collect();
            let Some(id) = self.required(raw.id.as_ref(), "calendar", "id", raw.place, &raw.given) else { continue };
            self.identifier(&id.value, id.place);
            let key = CalendarId::new(&id.value);
            if let Some(first) = calendars.get(&key).map(|spot| spot.place) {
                self.given_twice("calendar", &id.value, id.place, first);
                continue;
            }
            let zone = zone.flatten().unwrap_or(TimeZone::UTC);
            let calendar = Calendar { id: key.clone(), zone, week: week.unwrap_or_default(), exceptions };
            calendars.insert(key, Spot { value: calendar, place: id.place });
        }
        calendars
    }

    pub(super) fn zone(&mut self, spot: &Spot<String>) -> Option<TimeZone> {
        let found = zone(&spot.value);
        if found.is_none() {
            let zones = zones();
            self.unknown_word(spot.place, &spot.value, "time zone", zones.iter().map(String::as_str));
        }
        found
    }

    fn week(&mut self, raw: &RawWeek) -> [Vec<Span>; 7] {
        [&raw.mon, &raw.tue, &raw.wed, &raw.thu, &raw.fri, &raw.sat, &raw.sun]
            .map(|day| day.iter().flatten().filter_map(|spot| self.span(spot)).collect())
    }

    fn span(&mut self, spot: &Spot<String>) -> Option<Span> {
        let read = span(&spot.value);
        if read.is_none() {
            let remedy = "two times of one day, the earlier first: \"09:00-12:00\"; a night is two: \"22:00-24:00\", and the next day \"00:00-06:00\"";
            self.faults.error(spot.place, format!("\"{}\" are no hours", spot.value), remedy);
        }
        read
    }

    fn exception(&mut self, raw: &RawException) -> Option<Exception> {
        let date = self.required(raw.date.as_ref(), "calendar.exception", "date", raw.place, &raw.given);
        let from = date.and_then(|spot| self.date(spot));
        let until = raw.until.as_ref().map_or(from, |spot| self.date(spot));
        let open = raw.open.iter().flatten().filter_map(|spot| self.span(spot)).collect();
        let (from, until) = (from?, until?);
        if until < from {
            let place = raw.until.as_ref().map_or(raw.place, |spot| spot.place);
            self.faults.error(place, format!("{until} is before {from}"), "`until` is the last day of the exception, that day included");
        }
        Some(Exception { from, until, open })
    }

    fn date(&mut self, spot: &Spot<String>) -> Option<Date> {
        let date = spot.value.parse::<Date>().ok().filter(|_| spot.value.len() == 10);
        if date.is_none() {
            self.faults.error(spot.place, format!("\"{}\" is no date", spot.value), "year, month and day: \"2026-10-01\"");
        }
        date
    }

    /// A route's hours, and where its callers go outside of them.
    pub(super) fn route_hours(&mut self, raw: &RawRoute, named: &Named) -> Option<RouteHours> {
        let closed = raw.closed.as_ref().and_then(|to| self.destination(to, Dialled::ByCaller, named));
        let holiday = raw.holiday.as_ref().and_then(|to| self.destination(to, Dialled::ByCaller, named));
        let Some(calendar) = &raw.calendar else {
            if let Some(to) = raw.closed.as_ref().or(raw.holiday.as_ref()) {
                self.faults.error(to.place, "closed by which calendar?", "name it: calendar = \"office\"");
            }
            return None;
        };
        let known = self.known(calendar.place, &calendar.value, "calendar", &named.calendars);
        known.then(|| RouteHours {
            calendar: CalendarId::new(&calendar.value),
            closed: closed.unwrap_or_else(|| Destination::Play(ClipId::new(CLOSED))),
            holiday,
        })
    }
}
