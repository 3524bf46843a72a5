//! A draw among free agents: each has a weight, and all sums are kept in a binary indexed tree (Fenwick, 1994), so that who comes and
//! goes and who is drawn costs O(log n).

use super::roster::Seat;

#[derive(Clone, Debug, Default)]
pub(super) struct Draw {
    weights: Vec<u32>,
    /// `sums[n - 1]` is the sum of the weights of the last `n & -n` seats up to the `n`th.
    sums: Vec<u64>,
    total: u64,
}

impl Draw {
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    pub(super) fn weight(&self, seat: Seat) -> u32 {
        self.weights.get(seat.index()).copied().unwrap_or(0)
    }

    /// 0 takes him out.
    pub(super) fn set(&mut self, seat: Seat, weight: u32) {
        if seat.index() >= self.weights.len() {
            self.grow(seat.index() + 1);
        }
        let old = std::mem::replace(&mut self.weights[seat.index()], weight);
        self.total = self.total - u64::from(old) + u64::from(weight);
        let mut n = seat.index() + 1;
        while n <= self.sums.len() {
            self.sums[n - 1] = self.sums[n - 1] - u64::from(old) + u64::from(weight);
            n += n & n.wrapping_neg();
        }
    }

    /// Whose share of the line from 0 to [`total`](Self::total) the `point` lies in.
    pub(super) fn at(&self, mut point: u64) -> Seat {
        assert!(point < self.total, "a draw among nobody");
        let mut before = 0;
        let mut step = self.sums.len().next_power_of_two();
        while step > 0 {
            if let Some(sum) = self.sums.get((before + step).wrapping_sub(1))
                && *sum <= point
            {
                point -= sum;
                before += step;
            }
            step /= 2;
        }
        Seat::at(before)
    }

    fn grow(&mut self, seats: usize) {
        self.weights.resize(seats.next_power_of_two(), 0);
        self.sums = vec![0; self.weights.len()];
        for n in 1..=self.sums.len() {
            self.sums[n - 1] += u64::from(self.weights[n - 1]);
            let parent = n + (n & n.wrapping_neg());
            if parent <= self.sums.len() {
                self.sums[parent - 1] += self.sums[n - 1];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Rng;

    #[test]
    fn every_point_of_the_line_belongs_to_whom_a_slow_count_gives_it() {
        let mut rng = Rng::new(1);
        let mut draw = Draw::default();
        let mut slow = [0_u32; 37];
        for _ in 0..500 {
            let seat = usize::try_from(rng.below(37)).expect("an index");
            slow[seat] = u32::try_from(rng.below(4)).expect("below four");
            draw.set(Seat::at(seat), slow[seat]);
            let line: Vec<usize> = slow.iter().enumerate().flat_map(|(seat, weight)| vec![seat; *weight as usize]).collect();
            assert_eq!(draw.total(), line.len() as u64);
            for (point, seat) in line.iter().enumerate() {
                assert_eq!(draw.at(point as u64), Seat::at(*seat));
                assert_eq!(draw.weight(Seat::at(*seat)), slow[*seat]);
            }
        }
    }
}
