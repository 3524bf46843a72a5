//! A name server on loopback: says over UDP what its zone has, and, of names that are told so, that it cannot say, or nothing. The library's
//! own tests use it too.

use hickory_resolver::proto::op::{Message, MessageType, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, AAAA, CNAME, NAPTR, SRV};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

#[derive(Default)]
struct Zone {
    records: BTreeMap<String, Vec<(u32, RData)>>,
    /// Names, and questions as `asked` has them.
    failing: BTreeSet<String>,
    silent: BTreeSet<String>,
    /// Each name with its type, as it was asked.
    asked: Vec<String>,
}

pub struct NameServer {
    pub address: SocketAddr,
    zone: Arc<Mutex<Zone>>,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

fn lock(zone: &Mutex<Zone>) -> MutexGuard<'_, Zone> {
    zone.lock().unwrap_or_else(PoisonError::into_inner)
}

fn name(text: &str) -> Name {
    Name::from_ascii(format!("{}.", text.trim_end_matches('.'))).expect("a name")
}

impl NameServer {
    /// On this port; 0: any.
    pub fn start(port: u16) -> Self {
        let socket = UdpSocket::bind(("127.0.0.1", port)).expect("a port");
        socket.set_read_timeout(Some(Duration::from_millis(50))).expect("a time-out");
        let address = socket.local_addr().expect("bound");
        let (zone, ended) = (Arc::new(Mutex::new(Zone::default())), Arc::new(AtomicBool::new(false)));
        let (served, end) = (zone.clone(), ended.clone());
        let thread = std::thread::spawn(move || {
            let mut buffer = [0; 4_096];
            while !end.load(Relaxed) {
                let Ok((length, peer)) = socket.recv_from(&mut buffer) else { continue };
                let Ok(question) = Message::from_vec(&buffer[..length]) else { continue };
                if let Some(answer) = answer(&question, &mut lock(&served)) {
                    let _ = socket.send_to(&answer.to_vec().expect("a message"), peer);
                }
            }
        });
        Self { address, zone, ended, thread: Some(thread) }
    }

    /// A record more, good for so many seconds.
    pub fn has(&self, owner: &str, ttl: u32, data: RData) -> &Self {
        lock(&self.zone).records.entry(owner.to_owned()).or_default().push((ttl, data));
        self
    }

    pub fn naptr(&self, owner: &str, (order, preference): (u16, u16), service: &str, replacement: &str) -> &Self {
        let text = |text: &str| text.as_bytes().to_vec().into_boxed_slice();
        let data = NAPTR::new(order, preference, text("s"), text(service), text(""), name(replacement));
        self.has(owner, 60, RData::NAPTR(data))
    }

    pub fn srv(&self, service: &str, (priority, weight): (u16, u16), target: &str, port: u16) -> &Self {
        let target = if target == "." { Name::root() } else { name(target) };
        self.has(service, 60, RData::SRV(SRV::new(priority, weight, port, target)))
    }

    pub fn address(&self, owner: &str, ip: &str) -> &Self {
        let data = match ip.parse().expect("an address") {
            IpAddr::V4(ip) => RData::A(A(ip)),
            IpAddr::V6(ip) => RData::AAAA(AAAA(ip)),
        };
        self.has(owner, 60, data)
    }

    /// As [`Self::address`], but good for no more than a second.
    pub fn lives_briefly(&self, owner: &str, ip: &str) -> &Self {
        self.has(owner, 1, RData::A(ip.parse().expect("an address of version 4")))
    }

    pub fn alias(&self, owner: &str, of: &str) -> &Self {
        self.has(owner, 60, RData::CNAME(CNAME(name(of))))
    }

    /// It has nothing of that name any more.
    pub fn forgets(&self, owner: &str) -> &Self {
        let mut zone = lock(&self.zone);
        zone.failing.remove(owner);
        zone.silent.remove(owner);
        zone.records.remove(owner);
        drop(zone);
        self
    }

    /// SERVFAIL.
    pub fn fails(&self, owner: &str) -> &Self {
        lock(&self.zone).failing.insert(owner.to_owned());
        self
    }

    /// SERVFAIL to questions of one kind.
    pub fn fails_of(&self, owner: &str, kind: RecordType) -> &Self {
        lock(&self.zone).failing.insert(format!("{kind} {owner}"));
        self
    }

    /// It answers them again.
    pub fn recovers_of(&self, owner: &str, kind: RecordType) -> &Self {
        lock(&self.zone).failing.remove(&format!("{kind} {owner}"));
        self
    }

    /// Of that name it says nothing at all.
    pub fn is_silent(&self, owner: &str) -> &Self {
        lock(&self.zone).silent.insert(owner.to_owned());
        self
    }

    /// What was asked so far: `SRV _sip._udp.carrier.example`.
    pub fn asked(&self) -> Vec<String> {
        lock(&self.zone).asked.clone()
    }
}

fn answer(question: &Message, zone: &mut Zone) -> Option<Message> {
    let query = question.queries().first()?.clone();
    let asked = query.name().to_ascii().trim_end_matches('.').to_ascii_lowercase();
    zone.asked.push(format!("{} {asked}", query.query_type()));
    if zone.silent.contains(&asked) {
        return None;
    }
    let mut answer = Message::new();
    answer.set_id(question.id()).set_message_type(MessageType::Response).set_recursion_desired(true).set_recursion_available(true);
    answer.add_query(query.clone());
    if zone.failing.contains(&asked) || zone.failing.contains(&format!("{} {asked}", query.query_type())) {
        answer.set_response_code(ResponseCode::ServFail);
        return Some(answer);
    }
    let (mut owner, mut code) = (asked, ResponseCode::NXDomain);
    while let Some(records) = zone.records.get(&owner) {
        code = ResponseCode::NoError;
        let mut of = None;
        for (ttl, data) in records {
            if data.record_type() == query.query_type() || data.as_cname().is_some() {
                answer.add_answer(Record::from_rdata(name(&owner), *ttl, data.clone()));
            }
            of = of.or_else(|| data.as_cname().map(|cname| cname.0.to_ascii().trim_end_matches('.').to_owned()));
        }
        let Some(of) = of else { break };
        owner = of;
    }
    answer.set_response_code(code);
    Some(answer)
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.ended.store(true, Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
