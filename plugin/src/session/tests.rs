//! Sessions that are saved and opened again, on the same machine and on another.

use super::*;
use crate::amp::{ContentHash, Desk, Loader, Origin, Part, PartStatus, SavedSource};
use crate::compare::KeptSound;
use crate::factory::{DEFAULT_SLOT, MODELS, OWN_FILE_SLOT};
use crate::params::{Loading, TonewrightParams};
use crate::presets::{Dials, Sound};
use crate::rack::{CabControls, Controls, Link, Rack, RackFormat};
use nih_plug::params::persist::PersistentField;
use nih_plug::prelude::{Param, Params, PluginState};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared::model::{Card, Model, Network, WaveNet, WaveNetSpec};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

const FORMAT: RackFormat =
    RackFormat { sample_rate_hz: 48_000.0, max_block_samples: 512, channels_in: 2, channels_out: 2 };

/// What a host saves, but for the parameters.
type Fields = BTreeMap<String, String>;

/// The names of the fields of the parts.
const SOURCES: [&str; 3] = ["own-file", "cab-a-file", "cab-b-file"];

/// A plugin without its host.
struct Instance {
    desk: Arc<Desk>,
    params: TonewrightParams,
    loader: Loader,
    rack: Rack,
}

impl Instance {
    fn new(finder: impl Finder + 'static) -> Self {
        let desk = Arc::new(Desk::new(DEFAULT_SLOT));
        let link = Arc::new(Link::default());
        let loader = Loader::start_with(desk.clone(), link.clone(), Arc::new(finder));
        let params = TonewrightParams::new(&desk);
        Self { params, loader, rack: Rack::new(link, Arc::default()), desk }
    }

    /// As a host opens a session whose parameters all say "own file".
    fn open(fields: &Fields, finder: impl Finder + 'static) -> Self {
        let mut instance = Self::new(finder);
        instance.load(fields);
        instance
    }

    fn load(&mut self, fields: &Fields) {
        Part::ALL.iter().for_each(|&part| self.desk.set_slot(part, OWN_FILE_SLOT));
        self.params.deserialize_fields(fields);
        self.prepare();
    }

    fn prepare(&mut self) {
        self.desk.set_format(FORMAT);
        assert!(self.desk.wait_until_settled(LIMIT));
        self.rack.prepare(FORMAT);
    }

    fn save(&self) -> Fields {
        self.params.serialize_fields()
    }

    fn play(&mut self) -> Vec<Vec<f32>> {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut signal: Vec<Vec<f32>> =
            (0..2).map(|_| (0..2048).map(|_| rng.random_range(-0.5..0.5)).collect()).collect();
        let cab = CabControls { on: true, blend: 0.4, ..Controls::NEUTRAL.cab };
        self.rack.reset();
        for at in (0..2048).step_by(512) {
            let mut block: Vec<&mut [f32]> = signal.iter_mut().map(|c| &mut c[at..at + 512]).collect();
            self.rack.process(&mut block, Controls { cab, ..Controls::NEUTRAL });
        }
        signal
    }

    fn part(&self, part: Part) -> PartStatus {
        self.loader.status().get().part(part).clone()
    }

    fn origins(&self) -> [Origin; 3] {
        Part::ALL.map(|part| self.part(part).origin)
    }

    /// Waits until the window would show that.
    fn wait_for(&self, part: Part, origin: Origin) {
        let begin = std::time::Instant::now();
        while self.part(part).origin != origin {
            assert!(begin.elapsed() < LIMIT, "{:?} instead of {origin:?}", self.part(part));
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// A finder that walks one folder.
struct Folder(PathBuf);

impl Finder for Folder {
    fn by_hash(
        &self,
        _: Part,
        hash: ContentHash,
        _: &str,
        bytes: Option<u64>,
        _: GoOn<'_>,
    ) -> Option<PathBuf> {
        file_of_content(&self.0, hash, bytes, &|| true)
    }

    fn by_name(&self, _: Part, name: &str, _: GoOn<'_>) -> Option<PathBuf> {
        Some(self.0.join(name)).filter(|path| path.is_file())
    }
}

/// A player's folder with a model and two responses.
struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn new() -> Self {
        let files = Self { folder: tempfile::tempdir().unwrap() };
        write_model(&files.path(Part::Model), 1);
        for (part, channels) in [(Part::CabA, 1), (Part::CabB, 2)] {
            write_response(&files.path(part), channels);
        }
        files
    }

    fn path(&self, part: Part) -> PathBuf {
        self.folder.path().join(match part {
            Part::Model => "amp.nam",
            Part::CabA => "dark.wav",
            Part::CabB => "bright.wav",
        })
    }

    /// An instance that plays them, as the player chose them.
    fn instance(&self) -> Instance {
        let mut instance = Instance::new(Nowhere);
        for part in Part::ALL {
            instance.desk.set_file(part, Some(self.path(part)));
            instance.desk.set_slot(part, OWN_FILE_SLOT);
        }
        instance.prepare();
        instance
    }

    fn delete(&self) {
        Part::ALL.iter().for_each(|&part| std::fs::remove_file(self.path(part)).unwrap());
    }
}

fn write_model(path: &Path, seed: u64) {
    let spec = WaveNetSpec::seed(4, 1, 3, true);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let weights = (0..spec.weight_count()).map(|_| rng.random_range(-0.5..0.5)).collect();
    let network = Network::WaveNet(WaveNet::new(spec, weights).unwrap());
    Model { card: Card::default(), network }.save(path).unwrap();
}

fn write_response(path: &Path, channels: usize) {
    let mut rng = ChaCha8Rng::seed_from_u64(channels as u64);
    let response: Vec<Vec<f32>> = (0..channels)
        .map(|_| (0..300).map(|i| rng.random_range(-0.5..0.5) * 0.98f32.powi(i)).collect())
        .collect();
    shared::audio::write_wav(path, &response, 44_100).unwrap();
}

/// Restores one of our fields as the framework does, which in debug builds stops at one that it cannot read and
/// otherwise goes on with the next. Returns whether it was read.
fn restore(params: &TonewrightParams, field: &str, text: &str) -> bool {
    fn set<T: serde::Serialize + serde::de::DeserializeOwned>(
        field: &impl for<'a> PersistentField<'a, T>,
        text: &str,
    ) -> bool {
        serde_json::from_str(text).map(|value| field.set(value)).is_ok()
    }
    match field {
        "attached" => set(&params.attached, text),
        "own-file" => set(&params.own_file, text),
        "cab-a-file" => set(&params.own_cab_a, text),
        "cab-b-file" => set(&params.own_cab_b, text),
        _ => false,
    }
}

fn without_attached(fields: &Fields) -> Fields {
    fields.iter().filter(|(key, _)| *key != "attached").map(|(k, v)| (k.clone(), v.clone())).collect()
}

#[test]
fn a_session_comes_back_byte_for_byte_with_its_files_and_without() {
    let files = Files::new();
    let mut before = files.instance();
    let (saved, played) = (before.save(), before.play());
    assert!(SOURCES.iter().all(|source| saved[*source].contains("\"hash\"")));

    let mut with = Instance::open(&saved, Nowhere);
    assert_eq!((with.save() == saved, with.play() == played), (true, true));
    assert_eq!(with.origins(), [const { Origin::File }; 3]);

    files.delete();
    let mut without = Instance::open(&saved, Nowhere);
    assert_eq!((without.save() == saved, without.play() == played), (true, true));
    assert_eq!(without.origins(), [const { Origin::Carried }; 3]);
    let mut again = Instance::open(&without.save(), Nowhere);
    assert_eq!((again.save() == saved, again.play() == played), (true, true));
    let cabs = again.loader.status().get().cabs;
    assert_eq!(cabs[0].as_ref().unwrap().name, "dark");
}

#[test]
fn a_session_saved_before_the_loader_looked_is_whole() {
    let files = Files::new();
    let saved = files.instance().save();
    files.delete();
    let desk = Arc::new(Desk::new(DEFAULT_SLOT));
    let params = TonewrightParams::new(&desk);
    params.deserialize_fields(&saved);
    assert!(params.serialize_fields() == saved);
}

#[test]
fn one_copy_is_carried_of_what_two_parts_play() {
    let files = Files::new();
    std::fs::copy(files.path(Part::CabA), files.path(Part::CabB)).unwrap();
    let instance = files.instance();
    assert_eq!(instance.desk.carried().len(), 2);
    assert_eq!(instance.save()["attached"].matches("zlib").count(), 2);
}

#[test]
fn a_factory_slot_keeps_the_own_file_for_later() {
    let files = Files::new();
    let mut instance = files.instance();
    let saved = instance.save();
    instance.desk.set_slot(Part::Model, DEFAULT_SLOT);
    instance.prepare();
    assert!(instance.save() == saved);
    files.delete();
    let played = Instance::open(&saved, Nowhere).play();
    instance.desk.set_slot(Part::Model, OWN_FILE_SLOT);
    instance.prepare();
    assert!(instance.play() == played);
    assert_eq!(instance.part(Part::Model).origin, Origin::Carried);
}

#[test]
fn a_file_that_was_renamed_or_moved_is_found_by_its_content() {
    let files = Files::new();
    let saved = files.instance().save();
    let renamed = files.folder.path().join("renamed.nam");
    std::fs::rename(files.path(Part::Model), &renamed).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let moved = elsewhere.path().join("moved.wav");
    std::fs::rename(files.path(Part::CabA), &moved).unwrap();

    let carried = Instance::open(&saved, Folder(elsewhere.path().to_owned()));
    carried.wait_for(Part::Model, Origin::Found(renamed.clone()));
    carried.wait_for(Part::CabA, Origin::Found(moved.clone()));
    assert!(carried.save() == saved, "the session still says where it was");
    carried.desk.relink(Part::Model, renamed.clone());
    carried.wait_for(Part::Model, Origin::File);
    assert_eq!(carried.desk.source(Part::Model).name.as_deref(), Some("renamed.nam"));

    let bare = Instance::open(&without_attached(&saved), Folder(elsewhere.path().to_owned()));
    assert_eq!(bare.origins(), [Origin::Found(renamed), Origin::Found(moved), Origin::File]);
    assert_eq!(bare.save()["attached"], saved["attached"], "what is found is carried again");
}

#[test]
fn a_file_that_was_changed_does_not_change_the_session() {
    let files = Files::new();
    let mut before = files.instance();
    let (saved, played) = (before.save(), before.play());
    write_model(&files.path(Part::Model), 2);
    let mut after = Instance::open(&saved, Nowhere);
    assert!(after.play() == played && after.save() == saved);
    let part = after.part(Part::Model);
    assert_eq!((part.origin, part.other), (Origin::Carried, Some(files.path(Part::Model))));
    // The player takes the changed one.
    after.desk.set_file(Part::Model, Some(files.path(Part::Model)));
    after.prepare();
    assert_eq!(after.part(Part::Model).origin, Origin::File);
    assert!(after.play() != played && after.save() != saved);

    let mut bare = Instance::open(&without_attached(&saved), Nowhere);
    assert_eq!(bare.part(Part::Model).origin, Origin::Other(files.path(Part::Model)));
    assert!(bare.play() == after.play());
    assert_eq!(bare.save()["own-file"], saved["own-file"], "the session goes on asking for what it had");
}

#[test]
fn a_file_of_the_same_name_plays_only_where_nothing_else_does() {
    let files = Files::new();
    let saved = files.instance().save();
    files.delete();
    let elsewhere = tempfile::tempdir().unwrap();
    let other = elsewhere.path().join("amp.nam");
    write_model(&other, 3);
    let finder = || Folder(elsewhere.path().to_owned());
    let carried = Instance::open(&saved, finder());
    let begin = std::time::Instant::now();
    while carried.part(Part::Model).other.is_none() && begin.elapsed() < LIMIT {
        std::thread::sleep(Duration::from_millis(5));
    }
    let part = carried.part(Part::Model);
    assert_eq!((part.origin, part.other), (Origin::Carried, Some(other.clone())));
    let bare = Instance::open(&without_attached(&saved), finder());
    assert_eq!(bare.part(Part::Model).origin, Origin::Other(other));
    assert_eq!(bare.part(Part::CabA).origin, Origin::Missing);
}

#[test]
fn what_is_nowhere_leaves_the_signal_as_it_is_until_it_is_back() {
    let files = Files::new();
    let mut before = files.instance();
    let (saved, played) = (before.save(), before.play());
    let kept: Vec<_> = Part::ALL.iter().map(|&part| std::fs::read(files.path(part)).unwrap()).collect();
    files.delete();
    let bare = without_attached(&saved);
    let mut missing = Instance::open(&bare, Nowhere);
    assert_eq!(missing.origins(), [const { Origin::Missing }; 3]);
    let problem = missing.part(Part::CabB).problem.unwrap();
    assert!(problem.contains("bright.wav"), "{problem}");
    let dry = missing.play();
    missing.rack.reset();
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let input: Vec<Vec<f32>> =
        (0..2).map(|_| (0..2048).map(|_| rng.random_range(-0.5..0.5)).collect()).collect();
    for (dry, input) in dry.iter().flatten().zip(input.iter().flatten()) {
        assert!((dry - input).abs() < 1e-5);
    }
    for source in SOURCES {
        assert_eq!(missing.save()[source], saved[source]);
    }
    Part::ALL.iter().zip(&kept).for_each(|(&part, kept)| std::fs::write(files.path(part), kept).unwrap());
    missing.desk.look_again();
    missing.prepare();
    assert!(missing.play() == played && missing.save() == saved);
}

#[test]
fn a_session_of_before_still_opens() {
    let files = Files::new();
    let mut now = files.instance();
    let path = files.path(Part::Model);
    let old = [("own-file".to_owned(), serde_json::json!({ "path": path }).to_string())].into();
    let mut opened = Instance::new(Nowhere);
    opened.desk.set_slot(Part::Model, OWN_FILE_SLOT);
    opened.params.deserialize_fields(&old);
    opened.prepare();
    assert_eq!(opened.part(Part::Model).origin, Origin::File);
    assert_eq!(opened.save()["own-file"], now.save()["own-file"], "what is in it is known from now on");
    for (part, own) in [(Part::CabA, "cab-a-file"), (Part::CabB, "cab-b-file")] {
        opened.params.deserialize_fields(&[(own.to_owned(), now.save()[own].clone())].into());
        opened.desk.set_slot(part, OWN_FILE_SLOT);
    }
    opened.prepare();
    assert!(opened.play() == now.play());
}

#[test]
fn a_damaged_copy_is_refused_and_the_file_taken_from_elsewhere() {
    let files = Files::new();
    let saved = files.instance().save();
    let hash = ContentHash::of(&std::fs::read(files.path(Part::Model)).unwrap());
    let attached = |bytes: u64, zlib: &str| -> Fields {
        let entry = serde_json::json!([{ "hash": hash, "bytes": bytes, "zlib": zlib }]);
        let mut fields = saved.clone();
        fields.insert("attached".into(), entry.to_string());
        fields
    };
    let stranger = Blob::pack(ContentHash::of(b"abc"), b"abc").unwrap();
    let junk =
        [attached(3, stranger.text()), attached(1 << 60, "AAAA"), attached(10, "böse"), attached(0, "")];
    // The file is there: the copy is made anew.
    for fields in &junk {
        assert!(Instance::open(fields, Nowhere).save() == saved);
    }
    let renamed = files.folder.path().join("renamed.nam");
    std::fs::rename(files.path(Part::Model), &renamed).unwrap();
    for fields in &junk {
        let found = Instance::open(fields, Nowhere);
        assert_eq!(found.origins()[0], Origin::Found(renamed.clone()));
        assert!(found.save() == saved);
    }
    std::fs::remove_file(&renamed).unwrap();
    for fields in &junk {
        let missing = Instance::open(fields, Nowhere);
        assert_eq!(missing.origins(), [Origin::Missing, Origin::File, Origin::File]);
        assert_eq!(missing.save()["own-file"], saved["own-file"]);
    }
}

#[test]
fn what_is_cut_short_anywhere_leaves_what_was_there() {
    let files = Files::new();
    let saved = files.instance().save();
    let instance = files.instance();
    for (field, text) in &saved {
        for end in (0..text.len()).filter(|&end| text.is_char_boundary(end)) {
            assert!(!restore(&instance.params, field, &text[..end]), "{field}");
        }
    }
    assert!(instance.save() == saved);
    assert!(instance.desk.wait_until_settled(LIMIT));
    assert_eq!(instance.origins(), [const { Origin::File }; 3]);
}

#[test]
fn random_sessions_never_stop_the_loader() {
    let files = Files::new();
    let saved = files.instance().save();
    files.delete();
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let mut instance = Instance::open(&saved, Nowhere);
    let mut restored = 0;
    for _ in 0..300 {
        let mut fields = saved.clone();
        for text in fields.values_mut() {
            let mut bytes = std::mem::take(text).into_bytes();
            for _ in 0..rng.random_range(0..3) {
                let at = rng.random_range(0..bytes.len());
                bytes[at] = rng.random_range(32..127);
            }
            *text = String::from_utf8(bytes).unwrap_or_default();
        }
        restored += fields.iter().filter(|(field, text)| restore(&instance.params, field, text)).count();
    }
    assert!(restored > 300, "many are no JSON, but not all: {restored}");
    instance.load(&saved);
    assert!(instance.play().iter().flatten().all(|sample| sample.is_finite()));
    assert!(instance.save() == saved, "the copies that were right are still there");
    assert_eq!(instance.origins(), [const { Origin::Carried }; 3]);
}

#[test]
fn nothing_is_loaded_of_a_session_before_all_of_it_is_there() {
    let mut instance = Instance::new(Nowhere);
    instance.prepare();
    let slot = MODELS[2].slot;
    let plays = |instance: &Instance| instance.loader.status().get().slot;
    let looks = Arc::new(AtomicUsize::new(0));
    let counted = looks.clone();
    instance.desk.add_errand(Box::new(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
    }));
    let mut state = PluginState { version: String::new(), params: BTreeMap::new(), fields: instance.save() };
    Loading::begin(&mut state);
    let model = &instance.params.model;
    let value = model.preview_normalized(slot as i32);
    // SAFETY: the parameter lives as long as the instance. The framework restores parameters by such calls, and what is kept beside them after.
    unsafe { model.as_ptr()._internal_set_normalized_value(value) };
    let begin = std::time::Instant::now();
    let since = looks.load(Ordering::SeqCst);
    while looks.load(Ordering::SeqCst) < since + 5 {
        assert!(begin.elapsed() < LIMIT);
        instance.desk.wake();
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(!instance.desk.is_settled(), "somebody who waits goes on waiting");
    assert_eq!(plays(&instance), DEFAULT_SLOT);
    instance.params.deserialize_fields(&state.fields);
    instance.prepare();
    assert_eq!(plays(&instance), slot);
}

#[test]
fn the_side_that_is_not_heard_opens_without_its_files() {
    let files = Files::new();
    let mut before = files.instance();
    let played = before.play();
    let dials = Dials::apart(before.desk.clone());
    let other = KeptSound::of(&Sound::of(&dials), &dials);
    before.params.compare.change(|kept| kept.other = Some(other));
    let second = files.folder.path().join("second.nam");
    write_model(&second, 9);
    before.desk.set_file(Part::Model, Some(second.clone()));
    before.desk.set_slot(Part::CabB, 1);
    before.prepare();
    assert!(before.play() != played);
    let saved = before.save();
    files.delete();
    std::fs::remove_file(second).unwrap();

    let mut after = Instance::open(&saved, Nowhere);
    assert!(after.save() == saved && after.play() != played);
    let dials = Dials::apart(after.desk.clone());
    after.params.compare.kept().other.unwrap().sound(&dials).set(&dials);
    after.prepare();
    assert_eq!(after.origins(), [const { Origin::Carried }; 3]);
    assert!(after.play() == played);
    // Once the comparison has ended, nobody needs them.
    let mut after = Instance::open(&saved, Nowhere);
    after.params.compare.change(|kept| kept.other = None);
    after.prepare();
    assert!(after.save()["attached"].len() < saved["attached"].len());
}

#[test]
fn a_source_that_is_brought_back_by_hash_alone_plays() {
    let files = Files::new();
    let mut instance = files.instance();
    let (played, first) = (instance.play(), instance.desk.source(Part::Model));
    write_model(&files.path(Part::Model), 4);
    instance.desk.set_file(Part::Model, Some(files.path(Part::Model)));
    instance.prepare();
    assert!(instance.play() != played);
    let second = instance.save();
    instance.desk.pool().carry_beside(first.hash.into_iter().collect());
    assert_eq!(instance.desk.carried().len(), 4, "what an alternative setting needs is saved too");
    files.delete();
    instance.desk.set_source(Part::Model, SavedSource { hash: first.hash, ..SavedSource::default() });
    instance.prepare();
    assert!(instance.play() == played);
    instance.load(&second);
    assert!(instance.play() != played, "and the other one as well");
}
