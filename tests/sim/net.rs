//! The network between phones and switch: perfect, until a story makes it lose, double, delay and reorder.

use sanling::base::time::millis;
use sanling::base::{Duration, Rng};

/// How bad it is, for one kind of datagram.
#[derive(Clone, Copy, Default, Debug)]
pub struct Weather {
    /// Of a thousand.
    pub lost: u64,
    pub doubled: u64,
    /// Each copy takes so many milliseconds,
    pub least_ms: u64,
    /// and up to so many more; then order is lost too.
    pub delay_ms: u64,
}

pub struct Net {
    rng: Rng,
    pub sip: Weather,
    pub rtp: Weather,
}

impl Net {
    pub fn new(rng: Rng) -> Self {
        Self { rng, sip: Weather::default(), rtp: Weather::default() }
    }

    /// When the copies of a datagram arrive; none when it is lost.
    pub fn copies(&mut self, weather: Weather) -> impl Iterator<Item = Duration> + use<> {
        let rng = &mut self.rng;
        let mut chance = |of_thousand: u64| of_thousand > 0 && rng.below(1_000) < of_thousand;
        let count = if chance(weather.lost) { 0 } else { 1 + usize::from(chance(weather.doubled)) };
        let mut delays = [millis(weather.least_ms); 2];
        if weather.delay_ms > 0 {
            delays = std::array::from_fn(|_| millis(weather.least_ms + rng.below(weather.delay_ms + 1)));
        }
        delays.into_iter().take(count)
    }
}

#[test]
fn a_perfect_network_delivers_all_at_once_and_a_bad_one_does_not() {
    let mut net = Net::new(Rng::new(1));
    assert!((0..100).all(|_| net.copies(Weather::default()).collect::<Vec<_>>() == [Duration::ZERO]));
    let bad = Weather { lost: 200, doubled: 200, least_ms: 2, delay_ms: 50 };
    let copies: Vec<Vec<Duration>> = (0..1_000).map(|_| net.copies(bad).collect()).collect();
    for count in 0..3 {
        assert!(copies.iter().filter(|copies| copies.len() == count).count() > 100, "{count}");
    }
    assert!(copies.iter().flatten().any(|delay| *delay > millis(40)) && copies.iter().flatten().all(|delay| *delay >= millis(2)));
}
