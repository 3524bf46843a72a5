//! A simulated softphone: a user agent and a mouth on two sockets of loopback. One task owns it and waits on it; nothing is shared.

use super::session::Remote;
use super::sound::{FRAME_TIME, Mouth};
use super::user_agent::{Heard, Identity, UserAgent};
use crate::base::limits::SIP_MESSAGE_MAX;
use crate::base::{Instant, Rng};
use crate::io::clock::Clock;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::time::sleep_until;

pub struct Phone {
    pub agent: UserAgent,
    pub mouth: Mouth,
    clock: Clock,
    sip: UdpSocket,
    rtp: UdpSocket,
    next_frame: Instant,
    /// Packets of sound that came in this phone's life.
    heard_packets: u64,
    /// True when the demo ends; told to the user once.
    closing: watch::Receiver<bool>,
    closing_told: bool,
}

impl Phone {
    /// A phone on free ports of the switch's own host.
    ///
    /// # Errors
    /// When there is no socket to be had.
    pub async fn new(
        identity: Identity,
        switch: SocketAddr,
        clock: Clock,
        closing: watch::Receiver<bool>,
        mut rng: Rng,
    ) -> io::Result<Self> {
        let host: IpAddr = switch.ip();
        let sip = UdpSocket::bind((host, 0)).await?;
        sip.connect(switch).await?;
        let rtp = UdpSocket::bind((host, 0)).await?;
        let agent = UserAgent::new(identity, sip.local_addr()?, rtp.local_addr()?, switch, rng.fork());
        let mouth = Mouth::new(rng);
        Ok(Self { agent, mouth, clock, sip, rtp, next_frame: clock.now(), heard_packets: 0, closing, closing_told: false })
    }

    #[must_use]
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    #[must_use]
    pub fn heard_packets(&self) -> u64 {
        self.heard_packets
    }

    /// Works the phone until its user notices something, or until `until`: then none.
    pub async fn wait(&mut self, until: Instant) -> Option<Heard> {
        let mut buffer = vec![0; SIP_MESSAGE_MAX];
        loop {
            for datagram in self.agent.take_datagrams() {
                // What is lost is sent again.
                let _ = self.sip.send(&datagram).await;
            }
            if let Some(heard) = self.agent.take_heard() {
                return Some(heard);
            }
            let now = self.clock.now();
            if now >= until {
                return None;
            }
            let mut wake = self.agent.deadline().map_or(until, |deadline| deadline.min(until));
            let remote = self.agent.sends_to();
            if !self.agent.is_idle() {
                wake = wake.min(self.next_frame);
            }
            let wake = tokio::time::Instant::from_std(self.clock.to_system(wake));
            let woken = tokio::select! {
                received = self.sip.recv(&mut buffer) => Woken::Datagram(received.ok()),
                () = sleep_until(wake) => Woken::Time,
                told = self.closing.wait_for(|closing| *closing), if !self.closing_told => {
                    drop(told);
                    Woken::Closing
                }
            };
            let now = self.clock.now();
            match woken {
                Woken::Datagram(Some(length)) => self.agent.receive(&buffer[..length], now),
                // What ICMP told of a datagram before.
                Woken::Datagram(None) => {}
                Woken::Time => {
                    self.agent.handle_timeout(now);
                    self.speak(remote, now);
                }
                Woken::Closing => {
                    self.closing_told = true;
                    return Some(Heard::ClosingTime);
                }
            }
        }
    }

    /// Waits `time`, or until something is noticed.
    pub async fn pause(&mut self, time: Duration) -> Option<Heard> {
        let until = self.now() + time;
        self.wait(until).await
    }

    /// Sends the frames that are due, and empties the ear.
    fn speak(&mut self, remote: Option<Remote>, now: Instant) {
        // After a pause there is nothing to catch up with.
        if now.saturating_since(self.next_frame) > FRAME_TIME * 10 {
            self.next_frame = now;
        }
        while self.next_frame <= now {
            self.next_frame += FRAME_TIME;
            match remote {
                Some(remote) => {
                    if let Some(packet) = self.mouth.packet(&remote) {
                        let _ = self.rtp.try_send_to(&packet, remote.address);
                    }
                }
                None => self.mouth.skip(),
            }
        }
        let mut packet = [0; 2_048];
        while self.rtp.try_recv_from(&mut packet).is_ok() {
            self.heard_packets += 1;
        }
    }
}

/// By what the wait was ended.
enum Woken {
    /// Of this many bytes; none for an error of the socket.
    Datagram(Option<usize>),
    Time,
    Closing,
}
