//! Query parameters, each read strictly: what is unknown, given twice or not understood is refused by its name.

use super::problem::Problem;
use crate::base::{CallId, limits};
use crate::io::shapes::Time;
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use std::collections::BTreeMap;
use std::time::Duration;

/// Rows of a page when no `limit` is given.
const PAGE_DEFAULT: usize = 50;

/// The parameters of one request; reading takes them out, so that what is left at the end is unknown.
#[derive(Debug)]
pub struct Params(BTreeMap<String, String>);

/// What has not been read yet, for the audit log.
impl std::fmt::Display for Params {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let pairs: Vec<String> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        f.write_str(&pairs.join(" "))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(pairs) = Query::<Vec<(String, String)>>::from_request_parts(parts, state)
            .await
            .map_err(|rejection| Problem::new(rejection.status(), rejection.body_text()))?;
        let mut params = BTreeMap::new();
        for (name, value) in pairs {
            if params.insert(name.clone(), value).is_some() {
                return Err(Problem::parameter(&name, format!("{name} is given twice")));
            }
        }
        Ok(Self(params))
    }
}

/// What somebody wrote, without the spaces around it; `None` when it has more than `max` letters, or a control character.
pub fn words(text: &str, max: usize) -> Option<String> {
    let text = text.trim();
    (text.chars().count() <= max && !text.chars().any(char::is_control)).then(|| text.to_owned())
}

impl Params {
    /// Its text; given but empty counts as not given.
    pub fn text(&mut self, name: &str) -> Option<String> {
        self.0.remove(name).filter(|text| !text.is_empty())
    }

    /// One of the words that the parameter knows.
    pub fn word(&mut self, name: &str, known: &[&str]) -> Result<Option<String>, Problem> {
        match self.text(name) {
            Some(text) if !known.contains(&text.as_str()) => {
                Err(Problem::parameter(name, format!("{name} is one of {}, not {text:?}", known.join(", "))))
            }
            text => Ok(text),
        }
    }

    pub fn time(&mut self, name: &str) -> Result<Option<Time>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let wrong = || Problem::parameter(name, format!("{name} is an RFC 3339 time such as 2026-11-21T09:30:00Z, not {text:?}"));
        Time::parse(&text).map(Some).ok_or_else(wrong)
    }

    /// A time's length, as in the configuration: `500ms`, `20s`, `2m`, `1h`; at most a day.
    pub fn duration(&mut self, name: &str) -> Result<Option<Duration>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let unit_ms = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)].into_iter().find(|(name, _)| *name == unit);
        let millis = number.parse::<u64>().ok().zip(unit_ms).and_then(|(number, (_, ms))| number.checked_mul(ms));
        let wrong = || Problem::parameter(name, format!("{name} is a whole number with ms, s, m or h, such as 20s, not {text:?}"));
        millis.filter(|millis| *millis <= 86_400_000).map(|millis| Some(Duration::from_millis(millis))).ok_or_else(wrong)
    }

    /// `limit`: 1 to [`limits::API_PAGE_MAX`], 50 when not given.
    pub fn limit(&mut self) -> Result<usize, Problem> {
        let Some(text) = self.text("limit") else { return Ok(PAGE_DEFAULT) };
        let wrong = || Problem::parameter("limit", format!("limit is a number from 1 to {}, not {text:?}", limits::API_PAGE_MAX));
        text.parse().ok().filter(|limit| (1..=limits::API_PAGE_MAX).contains(limit)).ok_or_else(wrong)
    }

    /// `cursor`: what `next` of the page before said, a ULID.
    pub fn cursor(&mut self) -> Result<Option<String>, Problem> {
        let Some(text) = self.text("cursor") else { return Ok(None) };
        let wrong = |_| Problem::parameter("cursor", format!("cursor is what next of the page before said, not {text:?}"));
        text.parse::<CallId>().map(|id| Some(id.to_string())).map_err(wrong)
    }

    /// To be called when all known parameters are read.
    pub fn end(self) -> Result<(), Problem> {
        match self.0.into_keys().next() {
            Some(name) => Err(Problem::parameter(&name, format!("this path has no parameter {name:?}"))),
            None => Ok(()),
        }
    }
}
