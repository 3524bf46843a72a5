//! What the switch itself plays to one leg: announcements one after the other, and a background behind them. Samples only; who hears
//! what is `topology`'s.

use super::clips::{Clip, ClipLibrary};
use super::control::{Background, Excerpt};
use super::replay::Replay;
use crate::audio::Rate;
use crate::audio::tone::Tone;
use crate::base::{ClipId, limits::CLIPS_QUEUED_MAX};
use std::collections::VecDeque;

#[derive(Debug)]
pub struct Player {
    rate: Rate,
    queue: VecDeque<Announcement>,
    /// What sounds, of the first announcement.
    playing: Option<Playing>,
    background: Background,
    behind: Behind,
}

#[derive(Debug)]
struct Announcement {
    token: u64,
    pieces: VecDeque<Piece>,
}

#[derive(Debug)]
enum Piece {
    Clip(ClipId),
    Excerpt(Excerpt),
}

#[derive(Debug)]
enum Playing {
    /// With the next sample of it.
    Clip(Clip, usize),
    Excerpt(Box<Replay>),
}

/// How far the background is.
#[derive(Debug)]
enum Behind {
    Nothing,
    Silence,
    Tone(Box<Tone>),
    Clip { id: ClipId, clip: Option<Clip>, position: usize },
}

impl Player {
    #[must_use]
    pub fn new(rate: Rate) -> Self {
        Self { rate, queue: VecDeque::new(), playing: None, background: Background::None, behind: Behind::Nothing }
    }

    /// The session works at another rate; what plays goes on at its place.
    pub fn set_rate(&mut self, rate: Rate) {
        if rate == self.rate {
            return;
        }
        let scale = |position: &mut usize| *position = if rate == Rate::Hz16000 { *position * 2 } else { *position / 2 };
        match &mut self.playing {
            Some(Playing::Clip(_, position)) => scale(position),
            Some(Playing::Excerpt(replay)) => replay.scale(scale),
            None => {}
        }
        self.rate = rate;
        match (&mut self.behind, &self.background) {
            (Behind::Clip { position, .. }, _) => scale(position),
            (Behind::Tone(tone), Background::Ringback(cadence)) => **tone = Tone::ringback(cadence, rate),
            _ => {}
        }
    }

    /// Queues `clips` behind those announced. `ended` gets the tokens of announcements that had to make room.
    pub fn announce(&mut self, clips: Vec<ClipId>, token: u64, ended: &mut Vec<u64>) {
        self.queue_up(clips.into_iter().map(Piece::Clip), token, ended);
    }

    /// The same with pieces of recordings.
    pub fn replay(&mut self, excerpts: Vec<Excerpt>, token: u64, ended: &mut Vec<u64>) {
        self.queue_up(excerpts.into_iter().map(Piece::Excerpt), token, ended);
    }

    /// The next sound of a recording that must be read; each is asked for once.
    pub fn wanted(&mut self) -> Option<Excerpt> {
        match &mut self.playing {
            Some(Playing::Excerpt(replay)) => replay.wanted(),
            Some(Playing::Clip(..)) | None => None,
        }
    }

    /// What was asked for is there, or cannot be read. Of what nobody waits for any more nothing is kept.
    pub fn read(&mut self, excerpt: Excerpt, sound: Option<Clip>) {
        if let Some(Playing::Excerpt(replay)) = &mut self.playing {
            replay.read(excerpt, sound);
        }
    }

    fn queue_up(&mut self, pieces: impl Iterator<Item = Piece>, token: u64, ended: &mut Vec<u64>) {
        let pieces = pieces.take(CLIPS_QUEUED_MAX).collect();
        self.queue.push_back(Announcement { token, pieces });
        while self.waiting() > CLIPS_QUEUED_MAX || self.queue.len() > CLIPS_QUEUED_MAX + 1 {
            self.drop_oldest_waiting(ended);
        }
    }

    fn waiting(&self) -> usize {
        self.queue.iter().map(|announcement| announcement.pieces.len()).sum()
    }

    fn drop_oldest_waiting(&mut self, ended: &mut Vec<u64>) {
        let begun = usize::from(self.playing.is_some());
        let oldest = self.queue.iter().position(|announcement| !announcement.pieces.is_empty());
        let index = oldest.unwrap_or(begun.min(self.queue.len() - 1));
        self.queue[index].pieces.pop_front();
        if self.queue[index].pieces.is_empty() && index >= begun {
            let gone = self.queue.remove(index).expect("the index was found in the queue");
            ended.push(gone.token);
        }
    }

    /// Stops and forgets all announcements.
    pub fn stop(&mut self, ended: &mut Vec<u64>) {
        self.playing = None;
        ended.extend(self.queue.drain(..).map(|announcement| announcement.token));
    }

    #[must_use]
    pub fn is_announcing(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Fills `frame` with the next samples announced, silence behind the last of them. `ended` gets the tokens of announcements whose
    /// last sample is in it. False when there was nothing to play.
    pub fn announce_frame(&mut self, library: &ClipLibrary, frame: &mut [i16], ended: &mut Vec<u64>) -> bool {
        let mut filled = 0;
        while let Some(announcement) = self.queue.front_mut() {
            if self.playing.is_none() {
                self.playing = announcement.pieces.pop_front().and_then(|piece| match piece {
                    // A clip that is not there takes no time; `check` has told the operator.
                    Piece::Clip(id) => library.get(&id).cloned().map(|clip| Playing::Clip(clip, 0)),
                    Piece::Excerpt(excerpt) => Some(Playing::Excerpt(Box::new(Replay::new(excerpt)))),
                });
            }
            match &mut self.playing {
                Some(Playing::Clip(clip, position)) => {
                    let rest = clip.samples(self.rate).get(*position..).unwrap_or(&[]);
                    let count = rest.len().min(frame.len() - filled);
                    frame[filled..filled + count].copy_from_slice(&rest[..count]);
                    filled += count;
                    *position += count;
                    if count < rest.len() {
                        return true;
                    }
                    self.playing = None;
                }
                Some(Playing::Excerpt(replay)) => {
                    filled += replay.fill(self.rate, &mut frame[filled..]);
                    if !replay.is_over() {
                        // What is not read yet is silence.
                        frame[filled..].fill(0);
                        return true;
                    }
                    self.playing = None;
                }
                None => {}
            }
            if announcement.pieces.is_empty() {
                ended.push(announcement.token);
                self.queue.pop_front();
            }
            if filled == frame.len() {
                return true;
            }
        }
        frame[filled..].fill(0);
        filled > 0
    }

    /// The same background again goes on as it was.
    pub fn set_background(&mut self, background: Background) {
        if background == self.background {
            return;
        }
        self.behind = match &background {
            Background::None => Behind::Nothing,
            Background::Silence => Behind::Silence,
            Background::Ringback(cadence) => Behind::Tone(Box::new(Tone::ringback(cadence, self.rate))),
            Background::Music(id) => Behind::Clip { id: id.clone(), clip: None, position: 0 },
        };
        self.background = background;
    }

    #[must_use]
    pub fn has_background(&self) -> bool {
        self.background != Background::None
    }

    /// Fills `frame` with the background; `scratch` is room. False when it is digital silence.
    pub fn background_frame(&mut self, library: &ClipLibrary, frame: &mut [i16], scratch: &mut Vec<i16>) -> bool {
        match &mut self.behind {
            Behind::Nothing | Behind::Silence => {
                frame.fill(0);
                false
            }
            Behind::Tone(tone) => {
                scratch.clear();
                tone.fill(frame.len(), scratch);
                frame.copy_from_slice(scratch);
                true
            }
            Behind::Clip { id, clip, position } => {
                let clip = clip.get_or_insert_with(|| library.get(id).cloned().unwrap_or_else(|| Clip::new([].into(), [].into())));
                let samples = clip.samples(self.rate);
                if samples.is_empty() {
                    frame.fill(0);
                    return false;
                }
                for sample in frame {
                    *position %= samples.len();
                    *sample = samples[*position];
                    *position += 1;
                }
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Cadence;

    fn library() -> ClipLibrary {
        let mut library = ClipLibrary::new();
        for (name, value, length) in [("one", 1, 100), ("two", 2, 200), ("music", 3, 50)] {
            library.insert(name.into(), Clip::new(vec![value; length].into(), vec![value; length * 2].into()));
        }
        library
    }

    fn clips(names: &[&str]) -> Vec<ClipId> {
        names.iter().map(|name| ClipId::from(*name)).collect()
    }

    #[test]
    fn clips_follow_each_other_without_a_gap() {
        let (library, mut player, mut ended) = (library(), Player::new(Rate::Hz8000), Vec::new());
        player.announce(clips(&["one", "missing", "two"]), 7, &mut ended);
        player.announce(clips(&["one"]), 8, &mut ended);
        let mut frame = [9; 160];
        assert!(player.announce_frame(&library, &mut frame, &mut ended));
        assert!(frame[..100] == [1; 100] && frame[100..] == [2; 60] && ended.is_empty());
        assert!(player.announce_frame(&library, &mut frame, &mut ended));
        assert!(frame[..140] == [2; 140] && frame[140..] == [1; 20]);
        assert_eq!(ended, [7], "told with its last sample");
        assert!(player.announce_frame(&library, &mut frame, &mut ended));
        assert!(frame[..80] == [1; 80] && frame[80..] == [0; 80]);
        assert_eq!(ended, [7, 8]);
        assert!(!player.announce_frame(&library, &mut frame, &mut ended) && !player.is_announcing());
    }

    #[test]
    fn an_announcement_of_nothing_ends_at_once() {
        let (library, mut player, mut ended) = (library(), Player::new(Rate::Hz8000), Vec::new());
        player.announce(clips(&["missing"]), 1, &mut ended);
        player.announce(Vec::new(), 2, &mut ended);
        assert!(!player.announce_frame(&library, &mut [0; 160], &mut ended));
        assert_eq!(ended, [1, 2]);
    }

    #[test]
    fn the_queue_is_bounded_and_nobody_waits_for_what_was_dropped() {
        let (library, mut player, mut ended) = (library(), Player::new(Rate::Hz8000), Vec::new());
        player.announce(clips(&["two"]), 0, &mut ended);
        player.announce_frame(&library, &mut [0; 160], &mut ended);
        for token in 1..=100 {
            player.announce(clips(&["one"]), token, &mut ended);
        }
        assert_eq!(ended, (1..=68).collect::<Vec<_>>(), "the oldest that had not begun");
        player.stop(&mut ended);
        ended.sort_unstable();
        assert_eq!(ended, (0..=100).collect::<Vec<_>>());
        ended.clear();
        for token in 0..100 {
            player.announce(Vec::new(), token, &mut ended);
        }
        player.stop(&mut ended);
        assert_eq!(ended.len(), 100);
    }

    #[test]
    fn backgrounds_go_round_and_go_on() {
        let (library, mut player, mut scratch) = (library(), Player::new(Rate::Hz8000), Vec::new());
        let mut frame = [9; 160];
        player.set_background(Background::Music("music".into()));
        assert!(player.background_frame(&library, &mut frame, &mut scratch) && frame == [3; 160]);
        player.set_background(Background::Music("missing".into()));
        assert!(!player.background_frame(&library, &mut frame, &mut scratch) && frame == [0; 160]);
        let cadence = Cadence::of_zone("cn").expect("a known zone");
        player.set_background(Background::Ringback(cadence));
        let loud = |frame: &[i16]| frame.iter().any(|sample| sample.unsigned_abs() > 1_000);
        for tick in 0..500 {
            player.set_background(Background::Ringback(cadence));
            player.background_frame(&library, &mut frame, &mut scratch);
            assert_eq!(loud(&frame), tick % 250 < 50, "{tick}");
        }
    }

    #[test]
    fn another_rate_keeps_the_place() {
        let (library, mut player, mut ended) = (library(), Player::new(Rate::Hz8000), Vec::new());
        player.announce(clips(&["two"]), 0, &mut ended);
        player.announce_frame(&library, &mut [0; 160], &mut ended);
        player.set_rate(Rate::Hz16000);
        let mut frame = [9; 320];
        player.announce_frame(&library, &mut frame, &mut ended);
        assert!(frame[..80] == [2; 80] && frame[80..] == [0; 240]);
    }
}
