//! The event stream: live, resumed, behind, too many.

use crate::world::{TOKEN, World};
use sanling::base::limits;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A consumer with a plain socket, so that a test may also stop reading.
pub struct Listener {
    lines: BufReader<TcpStream>,
    pub status: u16,
}

#[derive(PartialEq, Eq, Debug)]
pub struct Heard {
    pub id: u64,
    pub name: String,
    pub data: String,
}

impl Listener {
    pub fn connect(world: &World, last: Option<u64>) -> Self {
        Self::connect_with(world, &format!("Authorization: Bearer {TOKEN}"), last)
    }

    /// With a header that says who listens.
    pub fn connect_with(world: &World, who: &str, last: Option<u64>) -> Self {
        let address = world.url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).expect("connects");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("sets");
        let last = last.map_or_else(String::new, |last| format!("Last-Event-ID: {last}\r\n"));
        write!(stream, "GET /api/v1/events HTTP/1.1\r\nHost: x\r\n{who}\r\n{last}\r\n").expect("writes");
        let mut lines = BufReader::new(stream);
        let mut head = String::new();
        while lines.read_line(&mut head).expect("reads") > 2 {}
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
        Self { lines, status }
    }

    /// The next event; `None` when the stream has ended.
    pub fn next(&mut self) -> Option<Heard> {
        let mut heard = Heard { id: 0, name: String::new(), data: String::new() };
        loop {
            let mut line = String::new();
            if self.lines.read_line(&mut line).expect("an event in time") == 0 {
                return None;
            }
            // Between the lines are the sizes of HTTP's chunks, which have no colon; a chunk of size 0 is the end.
            let line = line.trim_end();
            match line.split_once(": ").or_else(|| line.split_once(':')) {
                Some(("id", id)) => heard.id = id.parse().expect("a number"),
                Some(("event", name)) => heard.name = name.to_owned(),
                Some(("data", data)) => heard.data = data.to_owned(),
                None if line == "0" => return None,
                _ => {}
            }
            if line.is_empty() && !heard.data.is_empty() {
                return Some(heard);
            }
        }
    }

    fn numbers(&mut self, count: usize) -> Vec<(String, u64)> {
        (0..count)
            .map(|_| {
                let heard = self.next().expect("an event");
                (heard.name, heard.id)
            })
            .collect()
    }
}

fn ready(numbers: impl IntoIterator<Item = u64>) -> Vec<(String, u64)> {
    numbers.into_iter().map(|number| ("agent.ready".to_owned(), number)).collect()
}

#[test]
fn a_new_consumer_hears_what_happens_from_now_on() {
    let world = World::new();
    world.publish("agent.ready", None, 1);
    let mut listener = Listener::connect(&world, None);
    world.publish("call.delivered", None, 2);
    let heard = listener.next().expect("an event");
    assert_eq!((heard.id, heard.name.as_str()), (2, "call.delivered"));
    let data: serde_json::Value = serde_json::from_str(&heard.data).expect("JSON");
    assert!(data["seq"] == 2 && data["name"] == "call.delivered" && data["agent"] == "1001" && data["detail"]["n"] == 2, "{data}");
}

#[test]
fn a_consumer_who_comes_back_misses_nothing() {
    let world = World::with_ring(8);
    (1..=30).for_each(|n| world.publish("agent.ready", None, n));
    // 4 to 22 are in the database alone, 23 to 30 in the ring, 31 comes after.
    let mut listener = Listener::connect(&world, Some(3));
    world.publish("agent.ready", None, 31);
    assert_eq!(listener.numbers(28), ready(4..=31));
}

#[test]
fn events_are_resumed_after_a_long_absence_in_many_pages() {
    let world = World::with_ring(16);
    (1..=2_000).for_each(|n| world.publish("agent.ready", None, n));
    let mut listener = Listener::connect(&world, Some(0));
    assert_eq!(listener.numbers(2_000), ready(1..=2_000));
}

#[test]
fn a_slow_consumer_is_not_waited_for_and_loses_nothing() {
    let world = World::with_ring(64);
    let mut slow = Listener::connect(&world, None);
    let mut quick = Listener::connect(&world, None);
    // Far more than sockets and ring hold, while the slow one does not read; publishing is done when nobody has read yet.
    let count = 20_000;
    (1..=count).for_each(|n| world.publish("agent.ready", None, n));
    assert_eq!(world.hub.latest(), 20_000);
    assert_eq!(quick.numbers(20_000), ready(1..=20_000));
    assert_eq!(slow.numbers(20_000), ready(1..=20_000));
}

#[test]
fn a_database_that_is_only_busy_costs_a_consumer_nothing() {
    use sqlx::{Connection, Executor, SqliteConnection};
    let world = World::with_ring(8);
    let mut listener = Listener::connect(&world, None);
    let path = world.folder.path().join("data/sanling.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
    let mut other = world.runtime.block_on(SqliteConnection::connect_with(&options)).expect("opens");
    world.runtime.block_on(other.execute("BEGIN IMMEDIATE")).expect("locks");
    // The first is read from the ring; then the consumer is behind, and what it lacks cannot be written yet.
    let count = 20_000;
    (1..=count).for_each(|n| world.publish("agent.ready", None, n));
    let unlocking = world.runtime.spawn(async move {
        tokio::time::sleep(Duration::from_millis(900)).await;
        other.execute("ROLLBACK").await.expect("unlocks");
    });
    let heard = listener.numbers(count as usize);
    assert!(heard == ready(1..=count as u64), "{:?}", heard.iter().find(|(name, _)| name != "agent.ready"));
    world.runtime.block_on(unlocking).expect("ends");
}

#[test]
fn what_is_kept_nowhere_is_told_as_a_gap() {
    let world = World::with_ring(4);
    (1..=10).for_each(|n| {
        // Only the hub: the store never had them.
        let event = sanling::switch::output::Event {
            at: sanling::base::Timestamp(n),
            name: "agent.ready",
            call: None,
            agent: None,
            queue: None,
            detail: vec![],
        };
        drop(world.hub.publish(event));
    });
    let mut listener = Listener::connect(&world, Some(2));
    let gap = listener.next().expect("an event");
    assert_eq!((gap.name.as_str(), gap.id, gap.data.as_str()), ("gap", 6, r#"{"after":2,"before":7}"#));
    assert_eq!(listener.numbers(4), ready(7..=10));
    // A number of a database that is no more.
    let mut listener = Listener::connect(&world, Some(99));
    assert_eq!(listener.next().expect("an event").name, "gap");
    world.publish("agent.ready", None, 11);
    assert_eq!(listener.numbers(1), ready(11..=11));
}

#[test]
fn a_wrong_last_event_id_is_refused_and_so_is_one_consumer_too_many() {
    let world = World::new();
    assert_eq!(world.get_with("/api/v1/events", &[("last-event-id", "abc")]).problem(400)["parameter"], "Last-Event-ID");
    let listeners: Vec<_> = (0..limits::EVENT_CONSUMERS_MAX).map(|_| Listener::connect(&world, None)).collect();
    assert!(listeners.iter().all(|listener| listener.status == 200));
    let answer = world.get("/api/v1/events");
    answer.problem(503);
    assert!(answer.header("retry-after").is_some());
}
