//! Who takes part in a call that others have us record, as their metadata say (RFC 7865). They come from outside: bounded, without document
//! types, and what is not understood is left out.

use crate::base::limits::{METADATA_MAX, SESSION_LEGS_MAX};
use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use std::collections::{BTreeMap, BTreeSet};

/// Elements within elements; a document has four.
const DEPTH_MAX: usize = 16;
/// Of a text that is kept: an address, a name, an id.
const TEXT_MAX: usize = 256;

/// Why metadata cannot be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unreadable(pub &'static str);

/// What is known of a recording session.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Known {
    pub session: Option<String>,
    pub group: Option<String>,
    /// `sipSessionID`: what the other switch calls it.
    pub sip_session: Option<String>,
    pub participants: BTreeMap<String, Person>,
    /// Labels by the ids of streams.
    pub streams: BTreeMap<String, String>,
    /// Who sends which streams.
    pub sends: BTreeMap<String, BTreeSet<String>>,
}

/// A participant.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Person {
    /// `sip:1001@host`.
    pub aor: String,
    pub name: Option<String>,
    /// He has left.
    pub gone: bool,
}

impl Person {
    /// The user part of his address, or all of it.
    #[must_use]
    pub fn user(&self) -> &str {
        let rest = self.aor.split_once(':').map_or(self.aor.as_str(), |(_, rest)| rest);
        rest.split(['@', ';']).next().filter(|user| !user.is_empty()).unwrap_or(rest)
    }
}

impl Known {
    /// Those who are there and send the stream of that label.
    pub fn on<'k>(&'k self, label: &'k str) -> impl Iterator<Item = &'k Person> {
        let is_labelled = move |stream: &String| self.streams.get(stream).is_some_and(|known| known == label);
        let sends = self.sends.iter().filter(move |(_, streams)| streams.iter().any(is_labelled));
        sends.filter_map(|(id, _)| self.participants.get(id)).filter(|person| !person.gone)
    }

    /// Takes in another document: in place of all before, or what has changed. `Gap`: it builds on what was never told here.
    ///
    /// # Errors
    /// It is no document of this kind; then nothing is changed.
    pub fn take(&mut self, xml: &[u8]) -> Result<Taken, Unreadable> {
        let document = read(xml)?;
        if document.is_complete {
            *self = document.known;
            return Ok(Taken::Whole);
        }
        let Known { session, group, sip_session, participants, streams, sends } = document.known;
        self.session = session.or(self.session.take());
        self.group = group.or(self.group.take());
        self.sip_session = sip_session.or(self.sip_session.take());
        for (id, person) in participants {
            if self.participants.len() < SESSION_LEGS_MAX || self.participants.contains_key(&id) {
                let known = self.participants.entry(id).or_default();
                known.gone = person.gone;
                if !person.aor.is_empty() {
                    *known = person;
                }
            }
        }
        for (id, label) in streams.into_iter().take(SESSION_LEGS_MAX - self.streams.len().min(SESSION_LEGS_MAX)) {
            self.streams.insert(id, label);
        }
        for (id, streams) in sends {
            if self.participants.contains_key(&id) {
                self.sends.insert(id, streams);
            }
        }
        Ok(if self.has_gaps() { Taken::Gap } else { Taken::News })
    }

    /// Somebody is named of whom nothing else is known, or sends a stream that is none.
    fn has_gaps(&self) -> bool {
        let nameless = self.participants.values().any(|person| person.aor.is_empty() && !person.gone);
        nameless || self.sends.values().flatten().any(|stream| !self.streams.contains_key(stream))
    }
}

/// What a document was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Taken {
    /// All there is.
    Whole,
    /// What has changed.
    News,
    /// The same, of something that is not known here.
    Gap,
}

#[derive(Default)]
struct Document {
    is_complete: bool,
    known: Known,
}

/// Where the reader is, from the root down: names, and the id that counts there.
struct At {
    name: String,
    id: String,
}

fn read(xml: &[u8]) -> Result<Document, Unreadable> {
    if xml.len() > METADATA_MAX {
        return Err(Unreadable("metadata too long"));
    }
    let text = std::str::from_utf8(xml).map_err(|_| Unreadable("metadata are no UTF-8"))?;
    let mut reader = Reader::from_str(text);
    let mut document = Document { is_complete: true, ..Document::default() };
    let mut path: Vec<At> = Vec::new();
    let mut said = String::new();
    let mut has_root = false;
    loop {
        match reader.read_event().map_err(|_| Unreadable("metadata are no XML"))? {
            Event::Start(start) => {
                begin(&start, &mut path, &mut has_root, &mut document)?;
                said.clear();
            }
            Event::Empty(start) => {
                begin(&start, &mut path, &mut has_root, &mut document)?;
                said.clear();
                end(&path, "", &mut document);
                path.pop();
            }
            Event::Text(text) => add(&mut said, &text.xml10_content()),
            Event::CData(text) => add(&mut said, &text.xml10_content()),
            Event::GeneralRef(reference) => match reference.resolve_char_ref() {
                Ok(Some(letter)) => add(&mut said, letter.encode_utf8(&mut [0; 4])),
                Ok(None) => {
                    let named = quick_xml::escape::resolve_predefined_entity(&reference.xml10_content());
                    add(&mut said, named.ok_or(Unreadable("metadata refer to an entity that they may not have"))?);
                }
                Err(_) => return Err(Unreadable("metadata are no XML")),
            },
            Event::End(_) => {
                end(&path, said.trim(), &mut document);
                path.pop();
                said.clear();
            }
            // RFC 7865 has none, and what one may bring in is endless.
            Event::DocType(_) => return Err(Unreadable("metadata with a document type")),
            Event::Eof if has_root && path.is_empty() => return Ok(document),
            Event::Eof => return Err(Unreadable("metadata are no recording document")),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
}

fn add(said: &mut String, more: &str) {
    said.extend(more.chars().take(TEXT_MAX.saturating_sub(said.len())));
}

fn begin(start: &BytesStart<'_>, path: &mut Vec<At>, has_root: &mut bool, document: &mut Document) -> Result<(), Unreadable> {
    let name = start.local_name().as_ref().to_owned();
    if path.is_empty() && (*has_root || name != "recording") {
        return Err(Unreadable("metadata are no recording document"));
    }
    if path.len() >= DEPTH_MAX {
        return Err(Unreadable("metadata too deep"));
    }
    *has_root = true;
    let mut attributes = BTreeMap::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|_| Unreadable("metadata are no XML"))?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|_| Unreadable("metadata are no XML"))?;
        attributes.insert(attribute.key.local_name().as_ref().to_owned(), value.chars().take(TEXT_MAX).collect::<String>());
    }
    let mut get = |name: &str| attributes.remove(name).unwrap_or_default();
    let parent = path.last().map_or("", |at| at.name.as_str());
    let known = &mut document.known;
    let id = match (parent, name.as_str()) {
        ("recording", "group") => {
            // Drafts called it `id`.
            let id = [get("group_id"), get("id")].into_iter().find(|id| !id.is_empty());
            known.group.clone_from(&id);
            id.unwrap_or_default()
        }
        ("recording", "session") => {
            let id = [get("session_id"), get("id")].into_iter().find(|id| !id.is_empty());
            known.session.clone_from(&id);
            id.unwrap_or_default()
        }
        ("recording", "participant") => {
            let id = [get("participant_id"), get("id")].into_iter().find(|id| !id.is_empty()).unwrap_or_default();
            if known.participants.len() >= SESSION_LEGS_MAX {
                return Err(Unreadable("metadata with too many participants"));
            }
            known.participants.entry(id.clone()).or_default();
            id
        }
        ("participant", "nameID") => {
            let id = path.last().map(|at| at.id.clone()).unwrap_or_default();
            if let Some(person) = known.participants.get_mut(&id) {
                person.aor = get("aor");
            }
            id
        }
        ("recording", "stream") => [get("stream_id"), get("id")].into_iter().find(|id| !id.is_empty()).unwrap_or_default(),
        ("recording", "participantstreamassoc" | "participantsessionassoc") => {
            let id = get("participant_id");
            if name == "participantstreamassoc" && known.sends.len() < SESSION_LEGS_MAX {
                known.sends.entry(id.clone()).or_default();
            }
            id
        }
        _ => path.last().map(|at| at.id.clone()).unwrap_or_default(),
    };
    path.push(At { name, id });
    Ok(())
}

/// An element is over, which said that.
fn end(path: &[At], said: &str, document: &mut Document) {
    let [.., parent, here] = path else { return };
    let known = &mut document.known;
    match (parent.name.as_str(), here.name.as_str()) {
        // RFC 7865 §6.1.1; drafts wrote it in capitals.
        ("recording", "datamode" | "dataMode") => document.is_complete = !said.eq_ignore_ascii_case("partial"),
        ("session", "sipSessionID") if !said.is_empty() => known.sip_session = Some(said.to_owned()),
        ("nameID", "name") if !said.is_empty() => {
            if let Some(person) = known.participants.get_mut(&here.id) {
                person.name = Some(said.to_owned());
            }
        }
        ("stream", "label") if known.streams.len() < SESSION_LEGS_MAX => drop(known.streams.insert(here.id.clone(), said.to_owned())),
        ("participantstreamassoc", "send") => {
            if let Some(streams) = known.sends.get_mut(&here.id).filter(|streams| streams.len() < SESSION_LEGS_MAX) {
                streams.insert(said.to_owned());
            }
        }
        ("participantsessionassoc", "disassociate-time") => {
            if known.participants.len() < SESSION_LEGS_MAX || known.participants.contains_key(&here.id) {
                known.participants.entry(here.id.clone()).or_default().gone = true;
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{CallId, LegId, Rng, Timestamp};
    use crate::media::control::Channel;
    use crate::siprec::{Book, Present};

    fn users(known: &Known, label: &str) -> Vec<String> {
        known.on(label).map(|person| person.user().to_owned()).collect()
    }

    #[test]
    fn what_we_write_we_read() {
        let (mut rng, at) = (Rng::new(3), Timestamp(1_795_248_000_000));
        let mut book = Book::new(CallId::new(at, &mut rng), at, &mut rng);
        let one = |leg: u64, side: Channel| Present {
            leg: LegId(leg),
            aor: format!("sip:{leg}@h"),
            name: Some("O'Neill <&> 张伟".into()),
            side,
            sends: true,
            hears: true,
        };
        book.note(vec![one(1, Channel::Left), one(2, Channel::Right)], at, &mut rng);
        let mut known = Known::default();
        known.take(&book.complete().0).expect("our own");
        assert_eq!((users(&known, "1"), users(&known, "2")), (vec!["1".to_owned()], vec!["2".to_owned()]));
        assert!(known.participants.values().all(|person| person.name.as_deref() == Some("O'Neill <&> 张伟")), "{known:?}");
        assert!(known.session.is_some() && known.group.is_some() && known.sip_session.is_some());
        book.note(vec![one(1, Channel::Left), one(3, Channel::Right)], at, &mut rng);
        known.take(&book.news().0).expect("our own");
        assert_eq!((users(&known, "1"), users(&known, "2")), (vec!["1".to_owned()], vec!["3".to_owned()]));
    }

    /// RFC 7866 §9.1, shortened.
    #[test]
    fn the_example_of_the_rfc_is_read() {
        let xml = br#"<?xml version="1.0" encoding="UTF-8"?>
<rec:recording xmlns:rec='urn:ietf:params:xml:ns:recording:1'>
  <rec:datamode>complete</rec:datamode>
  <rec:group group_id="7+OTCyoxTmqmqyA/1weDAg=="><rec:associate-time>2010-12-16T23:41:07Z</rec:associate-time></rec:group>
  <rec:session session_id="hVpd7YQgRW2nD22h7q60JQ=="><rec:sipSessionID>ab30317f1a784dc48ff824d0d3715d86;
    remote=47755a9de7794ba387653f2099600ef2</rec:sipSessionID></rec:session>
  <rec:participant participant_id="srfBElmCRp2QB23b7Mpk0w=="><rec:nameID aor="sip:bob@biloxi.com"><rec:name xml:lang="it">Bob B</rec:name></rec:nameID></rec:participant>
  <rec:participant participant_id="zSfPoSvdSDCmU3A3TRDxAw=="><rec:nameID aor="tel:+1 555"/></rec:participant>
  <rec:stream stream_id="UAAMm5GRQKSCMVvLyl4rFw==" session_id="hVpd7YQgRW2nD22h7q60JQ=="><rec:label>96</rec:label></rec:stream>
  <rec:participantstreamassoc participant_id="srfBElmCRp2QB23b7Mpk0w=="><rec:send>UAAMm5GRQKSCMVvLyl4rFw==</rec:send></rec:participantstreamassoc>
</rec:recording>"#;
        let mut known = Known::default();
        known.take(xml).expect("the RFC's");
        let bob = known.on("96").next().expect("one");
        assert_eq!((bob.user(), bob.name.as_deref(), known.participants.len()), ("bob", Some("Bob B"), 2));
        assert_eq!(known.participants["zSfPoSvdSDCmU3A3TRDxAw=="].user(), "+1 555");
        assert_eq!(known.session.as_deref(), Some("hVpd7YQgRW2nD22h7q60JQ=="));
    }

    #[test]
    fn what_is_no_document_is_refused_and_changes_nothing() {
        let deep = format!("<recording>{}", "<a>".repeat(DEPTH_MAX + 1));
        let many = format!(
            "<recording>{}</recording>",
            (0..=SESSION_LEGS_MAX).map(|n| format!("<participant participant_id='{n}'/>")).collect::<String>()
        );
        let long = format!("<recording>{}</recording>", " ".repeat(METADATA_MAX));
        for wrong in [
            "",
            "recording",
            "<recording>",
            "<recording></record>",
            "<other/>",
            "<recording/><recording/>",
            "<!DOCTYPE r [<!ENTITY a 'b'>]><recording/>",
            "<recording>&nosuch;</recording>",
            "<recording><participant participant_id='a' participant_id='b'/></recording>",
            &deep,
            &many,
            &long,
        ] {
            let mut known = Known { session: Some("s".into()), ..Known::default() };
            assert!(known.take(wrong.as_bytes()).is_err(), "{wrong:.80}");
            assert_eq!(known.session.as_deref(), Some("s"));
        }
        assert_eq!(Known::default().take(b"<recording>\xFF</recording>"), Err(Unreadable("metadata are no UTF-8")));
        assert_eq!(Known::default().take(b"<recording/>"), Ok(Taken::Whole));
    }

    #[test]
    fn news_of_what_was_never_told_are_a_gap() {
        let mut known = Known::default();
        let news = |inner: &str| format!("<recording><datamode>partial</datamode>{inner}</recording>");
        for (inner, expected) in [
            ("", Taken::News),
            ("<participantsessionassoc participant_id='a'><disassociate-time>x</disassociate-time></participantsessionassoc>", Taken::News),
            ("<participant participant_id='b'><nameID aor='sip:b@h'/></participant>", Taken::News),
            ("<participantstreamassoc participant_id='b'><send>s</send></participantstreamassoc>", Taken::Gap),
            ("<stream stream_id='s'><label>1</label></stream>", Taken::News),
            ("<participant participant_id='c'/>", Taken::Gap),
        ] {
            assert_eq!(known.take(news(inner).as_bytes()), Ok(expected), "{inner}");
        }
    }
}
