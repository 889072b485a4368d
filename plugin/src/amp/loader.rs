//! The loader: a thread of each instance that reads models, builds voices and frees them.

#[cfg(test)]
mod tests;

use super::cabs::Cabs;
use super::fetch::{Bytes, Fetcher, Known};
use super::probes::Probes;
use super::status::LoadError;
use super::{
    ContentHash, Desk, Manner, ModelInfo, Origin, Part, PartStatus, Status, Turn, Voice, Wish, knobs,
};
use crate::factory::{DEFAULT_SLOT, Factory, OWN_FILE_SLOT};
use crate::library::pin_module;
use crate::rack::{Link, RackFormat};
use crate::session::{Finder, MAX_SESSION_BYTES, Nowhere};
use parking_lot::Mutex;
use shared::engine::EngineChoice;
use shared::model::{Card, Linear, Model, Network};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often the loader looks for wishes, and frees what came back. Being woken would cost the audio thread, which lays
/// most wishes, a system call.
const LOOK: Duration = Duration::from_millis(5);

/// Longest time that whoever removes an instance waits for its loader.
const LONGEST: Duration = Duration::from_secs(3);

/// Time from one setting of a knob that is being turned to the next. While one fades in, two amps are computed: this leaves the audio
/// thread at least half of the time to one alone, and the loader most of it to nothing.
const TURN: Duration = Duration::from_millis(40);

/// How long nothing has been asked for before what plays is played to, to get to know it.
const REST: Duration = Duration::from_millis(250);

/// Longest path that is opened, in bytes: what Linux allows. A session may hold anything.
pub const MAX_PATH_BYTES: usize = 4096;

/// Handle of the thread; it ends when this is dropped.
pub struct Loader {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    desk: Arc<Desk>,
    link: Arc<Link>,
    status: Mutex<Status>,
    version: AtomicU64,
    quit: AtomicBool,
}

impl Loader {
    /// Starts the thread of somebody who keeps no files but where they are, see [`Loader::start_with`].
    pub fn start(desk: Arc<Desk>, link: Arc<Link>) -> Self {
        Self::start_with(desk, link, Arc::new(Nowhere))
    }

    /// Starts the thread; the finder is asked for files that are not where they were. If the system has no threads
    /// left, nothing is ever loaded: the status says so, and nobody waits for the desk to settle.
    pub fn start_with(desk: Arc<Desk>, link: Arc<Link>, finder: Arc<dyn Finder>) -> Self {
        Self::start_by(desk, link, finder, |run| {
            std::thread::Builder::new().name("tonewright-loader".into()).spawn(run)
        })
    }

    /// Starts the thread by `spawn`.
    pub(crate) fn start_by(
        desk: Arc<Desk>,
        link: Arc<Link>,
        finder: Arc<dyn Finder>,
        spawn: impl FnOnce(Box<dyn FnOnce() + Send>) -> std::io::Result<JoinHandle<()>>,
    ) -> Self {
        let shared = Arc::new(Shared::new(desk, link));
        let mut worker = Worker::new(shared.clone(), finder);
        let thread = spawn(Box::new(move || worker.run()));
        match &thread {
            Ok(handle) => shared.desk.set_loader(handle.thread().clone()),
            Err(error) => {
                let text = format!("No model can be loaded, the system gave no thread for it: {error}");
                shared.publish(|s| s.error = Some(text));
                shared.desk.abandon();
            }
        }
        Self { shared, thread: thread.ok() }
    }

    /// A way to read the status that outlives borrowing.
    pub fn status(&self) -> StatusReader {
        StatusReader { shared: self.shared.clone() }
    }
}

impl Drop for Loader {
    fn drop(&mut self) {
        self.shared.quit.store(true, Ordering::Release);
        // Breaks off a search that is under way.
        self.shared.desk.abandon();
        self.shared.desk.wake();
        let Some(thread) = self.thread.take() else { return };
        let begin = Instant::now();
        while !thread.is_finished() && begin.elapsed() < LONGEST {
            std::thread::sleep(LOOK);
        }
        if thread.is_finished() {
            // Panics are caught inside; there is nobody to tell anyway.
            let _ = thread.join();
        } else {
            // It waits for a network or a disk that does not answer, and the host must not.
            pin_module();
        }
    }
}

/// Reads the loader's status.
#[derive(Clone)]
pub struct StatusReader {
    shared: Arc<Shared>,
}

impl StatusReader {
    /// Grows with every change.
    pub fn version(&self) -> u64 {
        self.shared.version.load(Ordering::Acquire)
    }

    /// The present status.
    pub fn get(&self) -> Status {
        self.shared.status.lock().clone()
    }
}

impl Shared {
    fn new(desk: Arc<Desk>, link: Arc<Link>) -> Self {
        let (status, version, quit) = (Mutex::default(), AtomicU64::new(1), AtomicBool::new(false));
        Self { desk, link, status, version, quit }
    }

    fn publish(&self, change: impl FnOnce(&mut Status)) {
        change(&mut self.status.lock());
        self.version.fetch_add(1, Ordering::AcqRel);
    }

    /// What is done whenever the loader looks.
    fn do_chores(&self) {
        self.link.sweep();
        // A mistake in one must not take the loader with it.
        let _ = catch_unwind(AssertUnwindSafe(|| self.desk.run_errands()));
    }
}

/// Which model, in a form that can be compared.
#[derive(Clone, Debug, PartialEq)]
enum Key {
    Factory(usize),
    Own(ContentHash),
    /// None: the guitar as it is.
    Dry,
}

impl Key {
    fn slot(&self) -> usize {
        match self {
            Self::Factory(slot) => *slot,
            Self::Own(_) | Self::Dry => OWN_FILE_SLOT,
        }
    }
}

struct Worker {
    shared: Arc<Shared>,
    finder: Arc<dyn Finder>,
    /// The player's own model file, while it is wished for.
    own: Option<Known>,
    /// The model that plays, or is to play once a format is known.
    model: Option<(Key, Arc<Model>)>,
    /// What the audio thread was given last.
    delivered: Option<Delivery>,
    /// The wish that was dealt with last, and when.
    fulfilled: Option<(Wish, Instant)>,
    /// Counts the voices: turns of knobs say which one they are for.
    lineage: u64,
    probes: Probes<(Key, Option<usize>)>,
    cabs: Cabs,
}

/// What a voice was built of: an equal one need not be built again.
#[derive(Clone, Debug, PartialEq)]
struct Delivery {
    key: Key,
    engine: EngineChoice,
    oversampling: usize,
    align: bool,
    format: RackFormat,
    generation: u64,
    /// Place of the chosen size, if the model has several.
    size: Option<usize>,
    /// Settings of its knobs, if it has some.
    settings: Vec<f32>,
}

impl Delivery {
    /// Whether it is another one with its knobs turned elsewhere.
    fn is_turn_of(&self, other: &Self) -> bool {
        *self == Self { settings: self.settings.clone(), ..other.clone() }
    }
}

impl Worker {
    fn new(shared: Arc<Shared>, finder: Arc<dyn Finder>) -> Self {
        Self {
            shared,
            finder,
            own: None,
            model: None,
            delivered: None,
            fulfilled: None,
            lineage: 0,
            probes: Probes::default(),
            cabs: Cabs::default(),
        }
    }

    fn run(&mut self) {
        let shared = self.shared.clone();
        while !shared.quit.load(Ordering::Acquire) {
            shared.do_chores();
            let serial = shared.desk.serial();
            if shared.desk.is_settled() {
                if self.fulfilled.as_ref().is_some_and(|(_, at)| at.elapsed() >= REST) {
                    // A mistake in here must not take the loader with it.
                    let _ = catch_unwind(AssertUnwindSafe(|| self.get_to_know()));
                }
                std::thread::park_timeout(LOOK);
                continue;
            }
            let wish = shared.desk.whole_wish().filter(|wish| !self.is_too_soon(wish));
            let Some(wish) = wish else {
                std::thread::park_timeout(LOOK);
                continue;
            };
            self.deal_with(&wish);
            self.each_own(&wish, |fetcher, known| fetcher.pack(known));
            self.publish_parts();
            shared.desk.settle(serial);
            self.fulfilled = Some((wish.clone(), Instant::now()));
            shared.desk.sweep();
            // Nothing waits for this: what is searched for plays already.
            let mut news = false;
            self.each_own(&wish, |fetcher, known| news |= fetcher.trace(known));
            if news {
                self.publish_parts();
            }
        }
    }

    /// Whether a knob is being turned and its last setting has just gone out. An offline host waits for each of them: what a rendering
    /// sounds like must not depend on a clock.
    fn is_too_soon(&self, wish: &Wish) -> bool {
        let recent = self.fulfilled.as_ref().filter(|(_, at)| at.elapsed() < TURN);
        !self.shared.desk.is_offline() && recent.is_some_and(|(last, _)| wish.is_turn_of(last))
    }

    /// What is known of the player's own files that are wished for, in the order of [`Part::ALL`].
    fn known(&mut self) -> [Option<&mut Known>; 3] {
        let [first, second] = self.cabs.known();
        [self.own.as_mut(), first, second]
    }

    fn each_own(&mut self, wish: &Wish, mut work: impl FnMut(&Fetcher, &mut Known)) {
        let (desk, finder) = (&self.shared.clone().desk, self.finder.clone());
        for (part, known) in Part::ALL.into_iter().zip(self.known()) {
            let own = &wish.source(part).own;
            if let Some(known) = known.filter(|known| known.status.version == own.version) {
                let go_on = || !desk.is_abandoned() && desk.is_settled();
                let fetcher = Fetcher { part, own, desk, finder: finder.as_ref(), go_on: &go_on };
                // A mistake in here must not take the loader with it.
                let _ = guarded(|| {
                    work(&fetcher, known);
                    Ok(())
                });
            }
        }
    }

    fn publish_parts(&mut self) {
        let carried = self.shared.desk.carried();
        let parts = self.known().map(|known| {
            let Some(known) = known else { return PartStatus::default() };
            let status = &mut known.status;
            let is_carried = carried.iter().any(|blob| Some(blob.hash()) == known.hash);
            let should_be = matches!(status.origin, Origin::File | Origin::Found(_));
            if should_be && !is_carried && status.not_carried.is_none() {
                status.not_carried =
                    Some(format!("all files together may have {MAX_SESSION_BYTES} bytes when packed"));
            }
            status.clone()
        });
        self.shared.publish(|s| s.parts = parts);
    }

    fn deal_with(&mut self, wish: &Wish) {
        if self.turn(wish) {
            return;
        }
        let model = self.fulfil(wish).err();
        let Shared { desk, link, .. } = &*self.shared;
        let cabs = self.cabs.fulfil(wish, desk, link, self.finder.as_ref()).err();
        let shown = self.cabs.shown();
        self.shared.publish(|s| {
            s.cabs = shown;
            s.error = model.or(cabs).map(|e| e.to_string());
        });
    }

    /// Turns the knobs of what plays, if nothing else is wished for. What failed before would fail again, and take its time at each turn: a file
    /// that cannot be read, a folder that does not answer, an engine that is not there.
    fn turn(&mut self, wish: &Wish) -> bool {
        let is_turn = self.fulfilled.as_ref().is_some_and(|(last, _)| wish.is_turn_of(last));
        let engine = self.delivered.as_ref().filter(|_| is_turn).map(|last| last.engine);
        let played = engine.zip(self.model.clone());
        played.is_some_and(|(engine, (key, model))| self.play(&key, &model, engine, wish).is_ok())
    }

    fn fulfil(&mut self, wish: &Wish) -> Result<(), LoadError> {
        let (wished, error) = match guarded(|| self.wished(wish)) {
            Ok((key, model)) => match self.play(&key, &model, wish.engine, wish) {
                Ok(()) => return Ok(()),
                Err(error) => (Some((key, model)), error),
            },
            Err(error) => (None, error),
        };
        self.play_something(wished, wish);
        Err(error)
    }

    /// The model that is wished for, read unless it was already.
    fn wished(&mut self, wish: &Wish) -> Result<(Key, Arc<Model>), LoadError> {
        let source = wish.source(Part::Model);
        let own = &source.own;
        if source.slot != OWN_FILE_SLOT {
            self.own = None;
            let key = self.key(source.slot);
            return match &self.model {
                Some((loaded, model)) if *loaded == key => Ok((key, model.clone())),
                _ => Ok((key.clone(), Arc::new(load(&key)?))),
            };
        }
        if let Some(known) = &self.own
            && known.status.version == own.version
        {
            match (known.hash.map_or(Key::Dry, Key::Own), &self.model) {
                (Key::Dry, _) => return Ok((Key::Dry, Arc::new(dry()?))),
                (key, Some((loaded, model))) if *loaded == key => return Ok((key, model.clone())),
                _ => {}
            }
        }
        let desk = &self.shared.desk;
        let go_on = || !desk.is_abandoned();
        let fetcher = Fetcher { part: Part::Model, own, desk, finder: self.finder.as_ref(), go_on: &go_on };
        match guarded(|| fetcher.fetch(&parse)) {
            Ok((model, known)) => {
                let key = known.hash.map_or(Key::Dry, Key::Own);
                self.own = Some(known);
                Ok((key, Arc::new(model)))
            }
            Err(error) if own.restored && !matches!(error, LoadError::NoFile) => {
                self.own = Some(fetcher.missing(&error));
                Ok((Key::Dry, Arc::new(dry()?)))
            }
            Err(error) => Err(error),
        }
    }

    /// What is played when a wish cannot be fulfilled: a guitarist must never be left without an
    /// amp, and what a session restores as must not depend on how far the loader was before. The
    /// wished model by another engine, else what played, else the default amp.
    fn play_something(&mut self, wished: Option<(Key, Arc<Model>)>, wish: &Wish) {
        let mut engines = vec![wish.engine];
        let before = self.delivered.as_ref().map(|d| d.engine);
        for engine in before.into_iter().chain([EngineChoice::Auto]) {
            if !engines.contains(&engine) {
                engines.push(engine);
            }
        }
        let amp = Key::Factory(DEFAULT_SLOT);
        let models = [wished, self.model.clone()].into_iter().flatten();
        // The default amp is read only if it comes to that.
        let last = std::iter::once_with(|| Some((amp.clone(), Arc::new(guarded(|| load(&amp)).ok()?))));
        for (key, model) in models.chain(last.flatten()) {
            for &engine in &engines {
                if self.play(&key, &model, engine, wish).is_ok() {
                    return;
                }
            }
        }
        // What played before was built for another format, and the rig has given it back.
        self.delivered = None;
        self.shared.publish(|s| s.playing = None);
    }

    fn key(&self, slot: usize) -> Key {
        match (Factory::in_slot(slot), &self.model) {
            (Some(model), _) => Key::Factory(model.slot),
            // A slot that a later version may fill: what plays goes on. A session keeps the slot and
            // not what plays, so one that was saved like this comes back with the default amp.
            (None, Some((key, _))) => key.clone(),
            (None, None) => Key::Factory(DEFAULT_SLOT),
        }
    }

    /// Delivers a model, and remembers it if that went well.
    fn play(
        &mut self,
        key: &Key,
        model: &Arc<Model>,
        engine: EngineChoice,
        wish: &Wish,
    ) -> Result<(), LoadError> {
        guarded(|| self.deliver(key, model, engine, wish))?;
        self.model = Some((key.clone(), model.clone()));
        Ok(())
    }

    fn deliver(
        &mut self,
        key: &Key,
        model: &Arc<Model>,
        engine: EngineChoice,
        wish: &Wish,
    ) -> Result<(), LoadError> {
        let Some(format) = wish.format else {
            // No host has told its format; the window can show the model already.
            self.announce(key, ModelInfo::new(model, wish.quality, None), wish);
            return Ok(());
        };
        let size = match &model.network {
            Network::Slimmable(slimmable) => Some(slimmable.size_at(wish.quality.value())),
            _ => None,
        };
        let Wish { quality, oversampling, align, generation, .. } = *wish;
        // A network with knobs is one that the native engine knows, and only its kernels can be turned.
        let engine = if model.knobs().is_empty() { engine } else { EngineChoice::Native };
        let settings = knobs::settings(model.knobs(), &wish.knobs);
        let delivery =
            Delivery { key: key.clone(), engine, oversampling, align, format, generation, size, settings };
        if self.delivered.as_ref() == Some(&delivery) {
            return Ok(());
        }
        let turned = (!delivery.settings.is_empty()).then(|| model.at_settings(&delivery.settings));
        if let Some(turned) = &turned
            && self.delivered.as_ref().is_some_and(|last| delivery.is_turn_of(last))
        {
            let turn = Turn::build(turned, oversampling, format.narrow(), self.lineage)?;
            self.shared.link.turns.send(Box::new(turn));
            self.delivered = Some(delivery);
            self.shared.desk.keep_knobs(model.knobs(), &wish.knobs);
            return Ok(());
        }
        let name = (key.clone(), size);
        // Where its knobs are turned changes neither a model's polarity nor its delay, so they are looked for once and with all knobs at their
        // defaults. Else a turn might turn a waveform over, or ask the host for a restart.
        let desk = &self.shared.desk;
        let mut voice = Box::new(if *key == Key::Dry {
            Voice::build_plain(model, oversampling, format.narrow())?
        } else {
            let probe = match align {
                true => {
                    let chosen = model.at_quality(quality.value());
                    self.probes.of(name, &chosen, engine, &mut || !desk.is_abandoned())
                }
                false => self.probes.known(&name),
            };
            let manner = Manner { quality, engine, oversampling, probe, align };
            Voice::build_as(turned.as_ref().unwrap_or(model), manner, format.narrow())?
        });
        self.lineage += 1;
        voice.set_lineage(self.lineage);
        let ModelInfo { engine: kind, probe, .. } = *voice.info();
        let info = ModelInfo { probe, ..ModelInfo::new(model, quality, kind) };
        self.shared.link.voices.send(voice);
        self.delivered = Some(delivery);
        self.announce(key, info, wish);
        Ok(())
    }

    /// Plays to what plays, unless that was done before, and says what it found out. That takes a second of one core or several, in which
    /// nobody may have to wait: the next wish breaks it off, and then it begins anew another time.
    fn get_to_know(&mut self) {
        let (Some((wish, _)), Some(last), Some((key, model))) =
            (&self.fulfilled, &self.delivered, &self.model)
        else {
            return;
        };
        let name = (key.clone(), last.size);
        if last.key != *key || *key == Key::Dry || self.probes.is_known(&name) {
            return;
        }
        let shared = &self.shared;
        let mut looked = Instant::now();
        let mut go_on = || {
            if looked.elapsed() >= LOOK {
                shared.do_chores();
                looked = Instant::now();
            }
            shared.desk.is_settled() && !shared.desk.is_abandoned()
        };
        let chosen = model.at_quality(wish.quality.value());
        if let Some(probe) = self.probes.of(name, &chosen, last.engine, &mut go_on) {
            shared.publish(|s| s.playing.iter_mut().for_each(|info| info.probe = Some(probe)));
        }
    }

    fn announce(&self, key: &Key, info: ModelInfo, wish: &Wish) {
        self.shared.desk.keep_size(info.qualities());
        self.shared.desk.keep_knobs(&info.knobs, &wish.knobs);
        let playing = (*key != Key::Dry).then_some(info);
        self.shared.publish(|s| (s.playing, s.slot) = (playing, key.slot()));
    }
}

/// Makes an error of a panic: the thread must live on.
pub(super) fn guarded<T>(f: impl FnOnce() -> Result<T, LoadError>) -> Result<T, LoadError> {
    catch_unwind(AssertUnwindSafe(f))
        .unwrap_or_else(|panic| Err(LoadError::Panic(panic_text(panic.as_ref()))))
}

fn load(key: &Key) -> Result<Model, LoadError> {
    match key {
        Key::Factory(slot) => checked(Factory::in_slot(*slot).ok_or(LoadError::NoFile)?.load()?),
        Key::Own(_) | Key::Dry => dry(),
    }
}

/// A model of a file's bytes.
fn parse(bytes: &Bytes, path: &Path) -> Result<Model, LoadError> {
    checked(Model::from_file(bytes, path).map_err(|error| error.in_file(path))?)
}

fn checked(model: Model) -> Result<Model, LoadError> {
    model.check_live()?;
    Ok(model)
}

/// The guitar as it is, for a model that is nowhere to be found: as late as any other model, and no amp that the
/// player did not choose.
fn dry() -> Result<Model, LoadError> {
    let card = Card { name: "No model".into(), ..Card::default() };
    Ok(Model { card, network: Network::Linear(Linear::new(vec![1.0], 0.0)?) })
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no details").to_owned()
}
