//! What a session keeps of a comparison.

use super::loudness::{Levels, match_gains};
use super::ring::DryRing;
use crate::amp::{ContentHash, Part, SavedSource};
use crate::presets::{Dials, Sound, slot_id};
use crate::session::Pool;
use nih_plug::params::persist::PersistentField;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use shared::word_eq::Curve;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

/// Furthest a match turns down, in dB. A session may hold anything.
const LIMIT_DB: f32 = 60.0;

/// One of two sounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The first.
    #[default]
    A,
    /// The second.
    B,
}

impl Side {
    /// The one that is not heard.
    pub fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
        }
    }
}

/// A sound as a session keeps it: by the ids of parameters.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeptSound {
    values: BTreeMap<String, f32>,
    files: [SavedSource; 3],
    balances: [Option<Vec<f32>>; 2],
}

impl KeptSound {
    /// As a session keeps it.
    pub fn of(sound: &Sound, dials: &Dials) -> Self {
        let values = sound.values.iter().enumerate().filter(|(at, _)| sound.leaves != Some(*at));
        Self {
            values: values.map(|(at, value)| (dials.id(at).to_owned(), *value)).collect(),
            files: sound.files.clone(),
            balances: sound.balances.map(|balance| balance.map(|curve| curve.to_vec())),
        }
    }

    /// The sound; what a session does not say is as in a fresh instance.
    pub fn sound(&self, dials: &Dials) -> Sound {
        let mut sound = Sound::usual(dials);
        for (id, value) in &self.values {
            if let Some(at) = dials.place(id).filter(|_| value.is_finite()) {
                sound.values[at] = value.clamp(0.0, 1.0);
                sound.leaves = sound.leaves.filter(|leaves| *leaves != at);
            }
        }
        sound.files = self.files.clone();
        let curve = |balance: &Option<Vec<f32>>| Curve::try_from(balance.as_deref()?).ok();
        sound.balances = self.balances.each_ref().map(curve);
        sound
    }

    /// The player's own files, in the order of [`Part::ALL`].
    pub fn files(&self) -> &[SavedSource; 3] {
        &self.files
    }

    /// What its files are by content: those that it plays first, then those that automation may come to.
    pub fn hashes(&self) -> Vec<ContentHash> {
        let plays = |part: &Part| self.values.get(slot_id(*part)).is_some_and(|slot| *slot <= 0.0);
        let mut parts = Part::ALL;
        parts.sort_by_key(|part| !plays(part));
        parts.iter().filter_map(|part| self.files[*part as usize].hash).collect()
    }
}

/// What a session keeps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeptCompare {
    /// The side that is heard: what the parameters say.
    pub side: Side,
    /// The sound of the other side, once there is one.
    pub other: Option<KeptSound>,
    /// The preset that side was loaded from, as [`Place`](crate::presets::Place) writes it.
    pub other_preset: String,
    /// Whether both are made equally loud.
    pub matching: bool,
    /// How loud each is in LUFS, A first, where it is known.
    pub lufs: [Option<f64>; 2],
    /// Whether that is of what was played.
    pub played: bool,
}

impl Default for KeptCompare {
    fn default() -> Self {
        Self {
            side: Side::A,
            other: None,
            other_preset: String::new(),
            matching: true,
            lufs: [None; 2],
            played: false,
        }
    }
}

impl KeptCompare {
    /// How loud both are.
    pub fn levels(&self) -> Levels {
        Levels { lufs: self.lufs, played: self.played }
    }

    /// The gain of the side that is heard, in dB.
    pub fn match_db(&self) -> f32 {
        if !self.matching || self.other.is_none() {
            return 0.0;
        }
        let gain = match_gains(&self.levels())[self.side as usize];
        if gain.is_finite() { gain.clamp(-LIMIT_DB, 0.0) } else { 0.0 }
    }
}

/// The comparison of one instance. The window changes it, sessions restore it on any thread, and the audio thread reads the gain.
#[derive(Default)]
pub struct Compare {
    kept: Mutex<KeptCompare>,
    /// Counts the changes.
    revision: AtomicU64,
    /// A session was loaded, and nobody knows yet.
    restored: AtomicBool,
    match_bits: AtomicU32,
    ring: Mutex<Option<Arc<DryRing>>>,
    /// What is in the files of the instance, which a session carries.
    pool: Arc<Pool>,
}

impl Compare {
    /// That of an instance with this pool, in which the files of the other side are carried.
    pub fn new(pool: &Arc<Pool>) -> Self {
        Self { pool: pool.clone(), ..Self::default() }
    }

    /// The gain of what is heard, in dB. For the audio thread: neither locks nor waits.
    pub fn match_db(&self) -> f32 {
        f32::from_bits(self.match_bits.load(Ordering::Relaxed))
    }

    /// What a session would keep.
    pub fn kept(&self) -> KeptCompare {
        self.kept.lock().clone()
    }

    /// The side that is heard.
    pub fn side(&self) -> Side {
        self.kept.lock().side
    }

    /// Whether there is another side.
    pub fn is_comparing(&self) -> bool {
        self.kept.lock().other.is_some()
    }

    /// Whether both sides are made equally loud.
    pub fn is_matching(&self) -> bool {
        self.kept.lock().matching
    }

    /// The gain of what is heard, in dB, and how loud both sides are, where they are matched.
    pub fn matched(&self) -> Option<(f32, Levels)> {
        let kept = self.kept.lock();
        let known = kept.matching && kept.other.is_some() && kept.lufs.iter().all(Option::is_some);
        known.then(|| (kept.match_db(), kept.levels()))
    }

    /// Another sound takes the place of the one that is heard, with nobody there who weighs: it plays as loud as it is.
    pub fn forget_levels(&self) {
        self.change(|kept| kept.lufs = [None; 2]);
        self.play();
    }

    /// Changes what is kept; what plays follows with [`Compare::play`]. Not for the audio thread.
    pub fn change(&self, change: impl FnOnce(&mut KeptCompare)) {
        let mut kept = self.kept.lock();
        change(&mut kept);
        self.carry(&kept);
        drop(kept);
        self.revision.fetch_add(1, Ordering::AcqRel);
    }

    /// Has a session carry the files of the side that is not heard.
    fn carry(&self, kept: &KeptCompare) {
        self.pool.carry_beside(kept.other.as_ref().map(KeptSound::hashes).unwrap_or_default());
    }

    /// Says what is in a file of the side that is not heard, unless it asks for another one by now.
    pub(super) fn identify(&self, part: Part, path: &Path, hash: ContentHash, bytes: u64) {
        self.change(|kept| {
            let files = kept.other.as_mut().map(|other| &mut other.files);
            let file = files.map(|files| &mut files[part as usize]);
            if let Some(file) = file.filter(|file| file.path.as_deref() == Some(path) && file.hash.is_none())
            {
                (file.hash, file.bytes) = (Some(hash), Some(bytes));
            }
        });
    }

    /// Grows with every change.
    pub fn revision(&self) -> u64 {
        self.revision.load(Ordering::Acquire)
    }

    /// Whether a session was loaded since the last call: what was known of the sounds before is of no use.
    pub fn take_restored(&self) -> bool {
        self.restored.swap(false, Ordering::AcqRel)
    }

    /// Plays with the softer of the gains that were and that belong to what is kept: while one sound makes way for the other, neither is heard too
    /// loud.
    pub fn play_softer(&self) {
        let gain = self.kept.lock().match_db().min(self.match_db());
        self.match_bits.store(gain.to_bits(), Ordering::Relaxed);
    }

    /// Plays with the gain that belongs to what is kept.
    pub fn play(&self) {
        let gain = self.kept.lock().match_db();
        self.match_bits.store(gain.to_bits(), Ordering::Relaxed);
    }

    /// Where the audio thread is to write what comes in: new memory where the format is another one. Not for the audio thread.
    pub fn ring(&self, channels: usize, sample_rate_hz: f64) -> Arc<DryRing> {
        let mut ring = self.ring.lock();
        let fits = |r: &&Arc<DryRing>| r.sample_rate_hz() == sample_rate_hz && r.channels() == channels;
        if let Some(ring) = ring.as_ref().filter(fits) {
            return ring.clone();
        }
        let new = Arc::new(DryRing::new(channels, sample_rate_hz));
        *ring = Some(new.clone());
        new
    }

    /// What came in last, once a host has told its format.
    pub fn heard(&self) -> Option<Arc<DryRing>> {
        self.ring.lock().clone()
    }
}

impl PersistentField<'_, KeptCompare> for Arc<Compare> {
    fn set(&self, kept: KeptCompare) {
        // What was there is freed when the lock is open again.
        let mut now = self.kept.lock();
        self.carry(&kept);
        let before = std::mem::replace(&mut *now, kept);
        drop(now);
        drop(before);
        self.revision.fetch_add(1, Ordering::AcqRel);
        self.restored.store(true, Ordering::Release);
        self.play();
    }

    fn map<F, R>(&self, f: F) -> R
    where
        F: Fn(&KeptCompare) -> R,
    {
        f(&self.kept())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::amp::Desk;
    use crate::factory::DEFAULT_SLOT;

    #[test]
    fn a_session_keeps_both_sides_and_the_match() {
        let dials = Dials::apart(Arc::new(Desk::new(DEFAULT_SLOT)));
        let mut sound = Sound::usual(&dials);
        sound.values[3] = 0.25;
        sound.balances[0] = Some([0.5; shared::word_eq::GRID]);
        let compare = Compare::default();
        assert_eq!(compare.match_db(), 0.0);
        compare.change(|kept| {
            kept.side = Side::B;
            kept.other = Some(KeptSound::of(&sound, &dials));
            kept.lufs = [Some(-20.0), Some(-17.5)];
        });
        let text = serde_json::to_string(&compare.kept()).unwrap();
        let restored: Arc<Compare> = Arc::default();
        restored.set(serde_json::from_str(&text).unwrap());
        assert_eq!(restored.match_db(), -2.5);
        assert_eq!(restored.kept().other.unwrap().sound(&dials), sound);
        assert_eq!(serde_json::to_string(&restored.kept()).unwrap(), text);
        restored.change(|kept| kept.matching = false);
        restored.play();
        assert_eq!(restored.match_db(), 0.0);
    }

    #[test]
    fn hostile_sessions_do_no_harm() {
        let dials = Dials::apart(Arc::new(Desk::new(DEFAULT_SLOT)));
        let compare: Arc<Compare> = Arc::default();
        for text in [
            "{}",
            r#"{"side":"b","other":{},"lufs":[-1e300,1e300]}"#,
            r#"{"other":{"values":{"input":1e30,"warp":3,"output":-5},"balances":[[1,2],null]},"lufs":[null,-3]}"#,
        ] {
            compare.set(serde_json::from_str(text).unwrap());
            assert!((-LIMIT_DB..=0.0).contains(&compare.match_db()), "{text}");
            if let Some(other) = compare.kept().other {
                assert!(other.sound(&dials).values.iter().all(|value| (0.0..=1.0).contains(value)));
            }
        }
    }

    #[test]
    fn a_ring_stays_while_the_format_does() {
        let compare = Compare::default();
        assert!(compare.heard().is_none());
        let first = compare.ring(1, 48_000.0);
        assert!(Arc::ptr_eq(&first, &compare.ring(1, 48_000.0)));
        assert!(!Arc::ptr_eq(&first, &compare.ring(2, 48_000.0)));
        assert!(!Arc::ptr_eq(&first, &compare.ring(2, 44_100.0)));
    }
}
