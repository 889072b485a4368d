//! What the synthesised guitar plays: improvised phrases, and the demo piece.

use super::pluck::Stroke;
use rand::{Rng, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;

/// Pitches of the open strings as MIDI notes, lowest first.
const OPEN: [i32; 6] = [40, 45, 50, 55, 59, 64];
/// Chord shapes as frets of the six strings; -1 is not played.
const SHAPES: [[i32; 6]; 10] = [
    [0, 2, 2, 0, 0, 0],
    [-1, 0, 2, 2, 1, 0],
    [-1, 3, 2, 0, 1, 0],
    [3, 2, 0, 0, 0, 3],
    [-1, -1, 0, 2, 3, 2],
    [1, 3, 3, 2, 1, 1],
    [-1, 2, 4, 4, 3, 2],
    [0, 2, 0, 1, 0, 0],
    [-1, 5, 7, 7, 6, 5],
    [5, 7, 7, 5, 5, 5],
];
/// Steps of the minor pentatonic scale, in semitones.
const PENTATONIC: [i32; 5] = [0, 3, 5, 7, 10];

/// Something that happens to a string.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// It is plucked.
    Pluck(Stroke),
    /// Its note slides to a pitch in Hz.
    Glide(f64),
    /// A hand stops it.
    Stop,
}

/// An action and its moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Time from the beginning.
    pub at_seconds: f64,
    /// String, 0 is the lowest.
    pub string: usize,
    /// What happens.
    pub action: Action,
}

fn hz(note: i32) -> f64 {
    440.0 * 2f64.powf(f64::from(note - 69) / 12.0)
}

/// How a phrase is played.
#[derive(Clone, Copy)]
struct Touch {
    strength: f64,
    width: f64,
    position: f64,
    muted: bool,
}

struct Player {
    rng: ChaCha8Rng,
    events: Vec<Event>,
    now: f64,
}

impl Player {
    fn pluck(&mut self, at: f64, string: usize, note: i32, touch: Touch) {
        // Low strings ring longer; nobody hits twice alike.
        let ring = 5.5 - 0.045 * f64::from(note - 40).max(0.0);
        let human = self.rng.random_range(0.85..1.15);
        let stroke = Stroke {
            hz: hz(note),
            strength: touch.strength * human,
            position: (touch.position * self.rng.random_range(0.9..1.1)).clamp(0.04, 0.45),
            width: touch.width,
            decay: if touch.muted { self.rng.random_range(0.18..0.4) } else { ring.max(1.2) },
            damping: if touch.muted { 0.72 } else { 0.34 },
        };
        self.events.push(Event { at_seconds: at, string, action: Action::Pluck(stroke) });
    }

    fn stop_all(&mut self, at: f64) {
        self.events.extend((0..6).map(|string| Event { at_seconds: at, string, action: Action::Stop }));
    }

    fn strum(&mut self, shape: &[i32; 6], up: bool, touch: Touch) {
        let spread = self.rng.random_range(0.004..0.016);
        let mut at = self.now;
        let order: Vec<usize> = if up { (0..6).rev().collect() } else { (0..6).collect() };
        for string in order {
            if shape[string] >= 0 {
                self.pluck(at, string, OPEN[string] + shape[string], touch);
                at += spread;
            }
        }
    }

    fn touch(&mut self) -> Touch {
        // Even in decibels: quiet playing is as much a part of an amp as loud playing.
        let level_db = self.rng.random_range(-26.0..0.0f64);
        Touch {
            strength: 10f64.powf(level_db / 20.0),
            width: self.rng.random_range(0.25e-3..1.6e-3),
            position: self.rng.random_range(0.07..0.35),
            muted: false,
        }
    }

    fn chords(&mut self, beat: f64) {
        let touch = self.touch();
        let arpeggio = self.rng.random_bool(0.35);
        for _ in 0..self.rng.random_range(1..=3) {
            let shape = *SHAPES.choose(&mut self.rng).unwrap_or(&SHAPES[0]);
            if arpeggio {
                let strings: Vec<usize> = (0..6).filter(|&s| shape[s] >= 0).collect();
                for i in 0..8 {
                    let string = strings[[0, 2, 1, 3, 2, 3, 1, 2][i] % strings.len()];
                    self.pluck(self.now, string, OPEN[string] + shape[string], touch);
                    self.now += beat / 2.0;
                }
            } else {
                for i in 0..self.rng.random_range(1..=4) {
                    self.strum(&shape, i % 2 == 1, touch);
                    self.now += beat * [1.0, 0.5, 1.5, 2.0][self.rng.random_range(0..4)];
                }
            }
        }
    }

    fn riff(&mut self, beat: f64) {
        let mut touch = self.touch();
        touch.strength = touch.strength.max(0.2);
        let (low, fret) = (self.rng.random_range(0..2usize), self.rng.random_range(0..8));
        for _ in 0..self.rng.random_range(6..=14) {
            let accent = self.rng.random_bool(0.3);
            let fret = if accent { fret + self.rng.random_range(0..5) } else { fret };
            let touch = Touch { muted: !accent, ..touch };
            for (string, add) in [(low, 0), (low + 1, 2), (low + 2, 2)] {
                self.pluck(
                    self.now + 0.003 * (string - low) as f64,
                    string,
                    OPEN[string] + fret + add,
                    touch,
                );
            }
            self.now += if accent { beat } else { beat / 2.0 };
        }
    }

    fn run(&mut self, beat: f64) {
        let touch = self.touch();
        let root = self.rng.random_range(0..12);
        let mut degree = self.rng.random_range(0..10i32);
        let mut previous = None;
        for _ in 0..self.rng.random_range(5..=14) {
            degree = (degree + self.rng.random_range(-2..=2)).clamp(0, 14);
            let note = 45 + root + 12 * (degree / 5) + PENTATONIC[(degree % 5) as usize];
            let string = (0..6).rev().find(|&s| OPEN[s] <= note - 2).unwrap_or(0);
            if let Some(p) = previous.replace(string)
                && p != string
            {
                self.events.push(Event { at_seconds: self.now, string: p, action: Action::Stop });
            }
            let muted = self.rng.random_bool(0.12);
            let length = beat * [0.25, 0.5, 0.5, 1.0][self.rng.random_range(0..4)];
            self.pluck(self.now, string, note, Touch { muted, ..touch });
            if length > 0.2 && self.rng.random_bool(0.2) {
                let to = note + [1, 2, -2][self.rng.random_range(0..3)];
                self.events.push(Event {
                    at_seconds: self.now + 0.5 * length,
                    string,
                    action: Action::Glide(hz(to)),
                });
            }
            self.now += length;
        }
    }

    fn finish(mut self) -> Vec<Event> {
        self.events.sort_by(|a, b| a.at_seconds.total_cmp(&b.at_seconds));
        self.events
    }
}

/// Phrases for `seconds`, in order of time.
pub fn improvise(seconds: f64, seed: u64) -> Vec<Event> {
    let mut player = Player { rng: ChaCha8Rng::seed_from_u64(seed), events: Vec::new(), now: 0.05 };
    while player.now < seconds {
        let beat = 60.0 / player.rng.random_range(85.0..170.0);
        match player.rng.random_range(0..10) {
            0..4 => player.chords(beat),
            4..6 => player.riff(beat),
            6..9 => player.run(beat),
            _ => {
                player.stop_all(player.now);
                player.now += player.rng.random_range(0.2..0.7);
            }
        }
        if player.rng.random_bool(0.5) {
            player.stop_all(player.now);
        }
    }
    player.finish()
}

/// Single notes, each at four strengths, the last one left to ring; and how many seconds that takes.
pub fn layers() -> (Vec<Event>, f64) {
    const STRENGTHS: [f64; 4] = [1.0, 0.35, 0.12, 0.04];
    const APART: f64 = 0.4;
    let mut events = Vec::new();
    let mut now = 0.05;
    for (string, open) in OPEN.iter().enumerate() {
        for fret in [0, 9] {
            for (i, strength) in STRENGTHS.iter().enumerate() {
                let stroke = Stroke {
                    hz: hz(open + fret),
                    strength: *strength,
                    position: 0.15 + 0.02 * i as f64,
                    width: 0.4e-3,
                    decay: 3.0,
                    damping: 0.34,
                };
                events.push(Event { at_seconds: now, string, action: Action::Pluck(stroke) });
                now += APART;
            }
            events.push(Event { at_seconds: now, string, action: Action::Stop });
        }
    }
    (events, now + APART)
}

/// Four chords, a run up and down, and a last chord: twelve seconds at 100 beats a minute.
pub fn demo_piece() -> Vec<Event> {
    let mut player = Player { rng: ChaCha8Rng::seed_from_u64(4), events: Vec::new(), now: 0.1 };
    let soft = Touch { strength: 0.35, width: 0.9e-3, position: 0.22, muted: false };
    let hard = Touch { strength: 0.75, width: 0.5e-3, position: 0.14, muted: false };
    let eighth = 0.3;
    // E minor and C, picked; G and D, strummed.
    for shape in [[0, 2, 2, 0, 0, 0], [-1, 3, 2, 0, 1, 0]] {
        let strings: Vec<usize> = (0..6).filter(|&s| shape[s] >= 0).collect();
        for step in [0, 2, 3, 4, 3, 2] {
            let string = strings[step % strings.len()];
            player.pluck(player.now, string, OPEN[string] + shape[string], soft);
            player.now += eighth;
        }
        player.stop_all(player.now - 0.02);
    }
    for shape in [[3, 2, 0, 0, 0, 3], [-1, -1, 0, 2, 3, 2]] {
        for (up, beats) in [(false, 2.0), (true, 1.0), (false, 1.0), (true, 1.0)] {
            player.strum(&shape, up, Touch { strength: if up { 0.35 } else { 0.6 }, ..hard });
            player.now += beats * eighth;
        }
        player.stop_all(player.now - 0.02);
    }
    // Palm-muted E5, then E minor pentatonic up and down, with a slide into the top note.
    for _ in 0..4 {
        let muted = Touch { muted: true, strength: 0.7, ..hard };
        player.pluck(player.now, 0, 40, muted);
        player.pluck(player.now + 0.003, 1, 47, muted);
        player.now += eighth / 2.0;
    }
    for (string, note) in [
        (3, 57),
        (3, 59),
        (4, 62),
        (4, 64),
        (5, 67),
        (5, 69),
        (5, 67),
        (4, 64),
        (4, 62),
        (3, 59),
        (3, 57),
        (2, 55),
    ] {
        player.pluck(player.now, string, note, Touch { strength: 0.55, ..hard });
        if note == 69 {
            player.events.push(Event {
                at_seconds: player.now + 0.08,
                string,
                action: Action::Glide(hz(71)),
            });
            player.now += eighth / 2.0;
        }
        player.now += eighth / 2.0;
        player.events.push(Event { at_seconds: player.now - 0.01, string, action: Action::Stop });
    }
    player.strum(&[0, 2, 2, 0, 0, 0], false, Touch { strength: 0.7, ..hard });
    player.finish()
}
