//! Descriptions of several streams, as a recording session has them (RFC 7866 §7): taken apart into descriptions of one stream each, which
//! offer and answer then treat as any other, and put together again.

use super::SdpError;
use crate::base::limits::SDP_MEDIA_MAX;

/// One media line, as a description of its own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stream {
    /// What metadata call it by (`a=label`, RFC 4574).
    pub label: Option<String>,
    pub sdp: Vec<u8>,
    /// The line itself, for a refusal.
    line: String,
}

impl Stream {
    /// The stream is not taken: its line with port 0 (RFC 3264 §6).
    #[must_use]
    pub fn refused(&self) -> Vec<u8> {
        let mut words = self.line.split_ascii_whitespace();
        let media = words.next().unwrap_or("m=audio");
        let rest: Vec<&str> = words.skip(1).collect();
        format!("{media} 0 {}\r\n", rest.join(" ")).into_bytes()
    }
}

/// The streams of a description, in order.
///
/// # Errors
/// There is none, or there are too many.
pub fn split(description: &[u8]) -> Result<Vec<Stream>, SdpError> {
    let text = String::from_utf8_lossy(description);
    let mut session = String::new();
    let mut streams: Vec<(String, String)> = Vec::new();
    for line in text.split(['\r', '\n']).filter(|line| !line.is_empty()) {
        if line.starts_with("m=") {
            if streams.len() >= SDP_MEDIA_MAX {
                return Err(SdpError::NotAcceptable("too many media lines"));
            }
            streams.push((line.to_owned(), String::new()));
        }
        let into = streams.last_mut().map_or(&mut session, |(_, lines)| lines);
        into.push_str(line);
        into.push_str("\r\n");
    }
    if streams.is_empty() {
        return Err(SdpError::NotAcceptable("no media line is offered"));
    }
    let label = |lines: &str| lines.lines().find_map(|line| line.strip_prefix("a=label:").map(|label| label.trim().to_owned()));
    let stream = |(line, lines): (String, String)| Stream { label: label(&lines), sdp: format!("{session}{lines}").into_bytes(), line };
    Ok(streams.into_iter().map(stream).collect())
}

/// One description of several of ours: the session's lines are those of the first. `labels`: what each stream is called, where it is.
#[must_use]
pub fn join<'a>(descriptions: impl IntoIterator<Item = (Vec<u8>, Option<&'a str>)>) -> Vec<u8> {
    let mut whole = String::new();
    for (description, label) in descriptions {
        let text = String::from_utf8_lossy(&description);
        let media = if text.starts_with("m=") { 0 } else { text.find("\nm=").map_or(text.len(), |at| at + 1) };
        if whole.is_empty() {
            whole.push_str(&text[..media]);
        }
        whole.push_str(&text[media..]);
        if let Some(label) = label {
            whole.push_str("a=label:");
            whole.push_str(label);
            whole.push_str("\r\n");
        }
    }
    whole.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::super::{Direction, Local, accept, answer, offer};
    use super::*;
    use crate::base::Codec;

    fn local(port: u16, direction: Direction) -> Local {
        let address = format!("192.0.2.9:{port}").parse().expect("an address");
        Local { direction, events: false, ..Local::new(address, &[Codec::Pcma, Codec::Pcmu], 7) }
    }

    #[test]
    fn what_is_joined_and_split_is_settled_stream_by_stream() {
        let ours = [local(20_000, Direction::SENDONLY), local(20_002, Direction::SENDONLY)];
        let offered = join([(offer(&ours[0]), Some("1")), (offer(&ours[1]), Some("2"))]);
        let text = String::from_utf8(offered.clone()).expect("text");
        assert_eq!((text.matches("v=0").count(), text.matches("m=audio").count(), text.matches("a=sendonly").count()), (1, 2, 2), "{text}");
        assert!(!text.contains("telephone-event"), "{text}");
        let streams = split(&offered).expect("two streams");
        assert_eq!(streams.iter().map(|stream| stream.label.as_deref()).collect::<Vec<_>>(), [Some("1"), Some("2")]);
        let theirs = [local(30_000, Direction::RECVONLY), local(30_002, Direction::RECVONLY)];
        let answers: Vec<_> = streams.iter().zip(&theirs).map(|(stream, theirs)| answer(&stream.sdp, theirs).expect("taken")).collect();
        assert!(answers.iter().all(|(_, settled)| settled.direction == Direction::RECVONLY));
        assert_eq!(answers.iter().map(|(_, settled)| settled.remote.port()).collect::<Vec<_>>(), [20_000, 20_002]);
        let answered = join(answers.into_iter().map(|(body, _)| (body, None)));
        let settled: Vec<_> =
            split(&answered).expect("two").iter().zip(&ours).map(|(one, ours)| accept(&one.sdp, ours).expect("taken")).collect();
        assert_eq!(settled.iter().map(|settled| settled.remote.port()).collect::<Vec<_>>(), [30_000, 30_002]);
        assert!(settled.iter().all(|settled| settled.direction == Direction::SENDONLY && settled.send_event_type.is_none()));
    }

    #[test]
    fn what_is_not_taken_is_refused_at_its_place() {
        let offered = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=video 5000 RTP/AVP 96\r\na=label:v\r\n\
                        m=audio 5002 RTP/AVP 8\r\na=label:a\r\n";
        let streams = split(offered).expect("two");
        assert_eq!(streams[0].refused(), b"m=video 0 RTP/AVP 96\r\n");
        let (answered, _) = answer(&streams[1].sdp, &local(30_000, Direction::RECVONLY)).expect("taken");
        let whole = String::from_utf8(join([(answered.clone(), None), (streams[0].refused(), None)])).expect("text");
        assert!(whole.starts_with("v=0") && whole.ends_with("m=video 0 RTP/AVP 96\r\n"), "{whole}");
        assert_eq!(split(b"v=0\r\n").map_err(|error| error.status()), Err(488));
        assert_eq!(split(&b"m=audio 1 RTP/AVP 0\r\n".repeat(33)).map_err(|error| error.status()), Err(488));
    }
}
