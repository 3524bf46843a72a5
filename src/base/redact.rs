//! Callers' numbers are personal data: logs show only as much as tells two calls apart.

use std::fmt;

/// Shows a number or address with its middle hidden: `138****5678`, `a***`. Never longer than 16 characters.
#[derive(Clone, Copy)]
pub struct Redacted<'a>(pub &'a str);

impl fmt::Display for Redacted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chars: Vec<char> = self.0.chars().filter(|c| !c.is_control()).collect();
        let (head, tail) = match chars.len() {
            0 => return Ok(()),
            1..=4 => (1, 0),
            5..=7 => (1, 2),
            _ => (3, 4),
        };
        for c in &chars[..head] {
            write!(f, "{c}")?;
        }
        f.write_str(if tail == 0 { "***" } else { "****" })?;
        for c in &chars[chars.len() - tail..] {
            write!(f, "{c}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Redacted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_keeps_its_ends_alone() {
        for (number, shown) in
            [("13812345678", "138****5678"), ("1001", "1***"), ("", ""), ("95000", "9****00"), ("138\r\n12345678", "138****5678")]
        {
            assert_eq!(Redacted(number).to_string(), shown);
        }
    }
}
