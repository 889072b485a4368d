//! The loader: a thread of each instance that reads models, builds voices and frees them.

use super::{Desk, Format, Link, ModelInfo, Voice, Wish};
use crate::factory::{DEFAULT_SLOT, Factory, OWN_FILE_SLOT};
use parking_lot::Mutex;
use shared::engine::{EngineChoice, EngineError};
use shared::model::{Model, ModelError, Network};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often old voices are freed when nobody asks for anything.
const SWEEP: Duration = Duration::from_millis(100);

/// Longest path that is opened, in bytes: what Linux allows. A session may hold anything.
pub const MAX_PATH_BYTES: usize = 4096;

/// What the window shows of the loader.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Status {
    /// The model that plays, or is about to.
    pub playing: Option<ModelInfo>,
    /// Slot of that model.
    pub slot: usize,
    /// Why the latest wish could not be fulfilled.
    pub error: Option<String>,
}

/// Why a wish could not be fulfilled.
#[derive(Debug, thiserror::Error)]
enum LoadError {
    #[error("No model file is chosen yet. Press \"Open\" to choose one.")]
    NoFile,
    #[error(
        "The path of the model file is {bytes} bytes long, {} are possible. Press \"Open\" to choose \
         the file again.",
        MAX_PATH_BYTES
    )]
    PathTooLong { bytes: usize },
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("Loading failed because of a mistake in Tonewright: {0}")]
    Panic(String),
}

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
    /// Starts the thread. If the system has no threads left, nothing is ever loaded: the status
    /// says so, and nobody waits for the desk to settle.
    pub fn start(desk: Arc<Desk>, link: Arc<Link>) -> Self {
        Self::start_by(desk, link, |run| {
            std::thread::Builder::new().name("tonewright-loader".into()).spawn(run)
        })
    }

    /// Starts the thread by `spawn`.
    pub(super) fn start_by(
        desk: Arc<Desk>,
        link: Arc<Link>,
        spawn: impl FnOnce(Box<dyn FnOnce() + Send>) -> std::io::Result<JoinHandle<()>>,
    ) -> Self {
        let shared = Arc::new(Shared {
            desk,
            link,
            status: Mutex::default(),
            version: AtomicU64::new(1),
            quit: AtomicBool::new(false),
        });
        let mut worker = Worker { shared: shared.clone(), model: None, delivered: None };
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
        self.shared.desk.wake();
        if let Some(thread) = self.thread.take() {
            // Panics are caught inside; there is nobody to tell anyway.
            let _ = thread.join();
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
    fn publish(&self, change: impl FnOnce(&mut Status)) {
        change(&mut self.status.lock());
        self.version.fetch_add(1, Ordering::AcqRel);
    }
}

/// Which model, in a form that can be compared.
#[derive(Clone, Debug, PartialEq)]
enum Key {
    Factory(usize),
    File(PathBuf, u64),
}

impl Key {
    fn slot(&self) -> usize {
        match self {
            Self::Factory(slot) => *slot,
            Self::File(..) => OWN_FILE_SLOT,
        }
    }
}

struct Worker {
    shared: Arc<Shared>,
    /// The model that plays, or is to play once a format is known.
    model: Option<(Key, Arc<Model>)>,
    /// What the audio thread was given last.
    delivered: Option<Delivery>,
}

/// What a voice was built of: an equal one need not be built again.
#[derive(Clone, Debug, PartialEq)]
struct Delivery {
    key: Key,
    engine: EngineChoice,
    format: Format,
    /// Place of the chosen size, if the model has several.
    size: Option<usize>,
}

impl Worker {
    fn run(&mut self) {
        let shared = self.shared.clone();
        while !shared.quit.load(Ordering::Acquire) {
            while let Some(voice) = shared.link.retired.pop() {
                drop(voice);
            }
            let serial = shared.desk.serial();
            if shared.desk.is_settled() {
                std::thread::park_timeout(SWEEP);
                continue;
            }
            let wish = shared.desk.wish();
            let error = self.fulfil(&wish).err();
            shared.publish(|s| s.error = error.map(|e| e.to_string()));
            shared.desk.settle(serial);
        }
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
    fn wished(&self, wish: &Wish) -> Result<(Key, Arc<Model>), LoadError> {
        let key = self.key(wish)?;
        let model = match &self.model {
            Some((loaded, model)) if *loaded == key => model.clone(),
            _ => Arc::new(load(&key)?),
        };
        Ok((key, model))
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

    fn key(&self, wish: &Wish) -> Result<Key, LoadError> {
        if wish.slot == OWN_FILE_SLOT {
            let file = wish.file.clone().ok_or(LoadError::NoFile)?;
            let bytes = file.as_os_str().len();
            if bytes > MAX_PATH_BYTES {
                return Err(LoadError::PathTooLong { bytes });
            }
            return Ok(Key::File(file, wish.file_version));
        }
        Ok(match (Factory::in_slot(wish.slot), &self.model) {
            (Some(model), _) => Key::Factory(model.slot),
            // A slot that a later version may fill: what plays goes on. A session keeps the slot and
            // not what plays, so one that was saved like this comes back with the default amp.
            (None, Some((key, _))) => key.clone(),
            (None, None) => Key::Factory(DEFAULT_SLOT),
        })
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
            self.announce(key, ModelInfo::new(model, wish.quality, None));
            return Ok(());
        };
        let size = match &model.network {
            Network::Slimmable(slimmable) => Some(slimmable.size_at(wish.quality.value())),
            _ => None,
        };
        let delivery = Delivery { key: key.clone(), engine, format, size };
        if self.delivered.as_ref() == Some(&delivery) {
            return Ok(());
        }
        let voice = Box::new(Voice::build(model, wish.quality, engine, format)?);
        let info = voice.info().clone();
        // One that was not taken in time is freed here.
        drop(self.shared.link.arrived.force_push(voice));
        self.delivered = Some(delivery);
        self.announce(key, info);
        Ok(())
    }

    fn announce(&self, key: &Key, info: ModelInfo) {
        self.shared.desk.keep_size(info.qualities());
        self.shared.publish(|s| (s.playing, s.slot) = (Some(info), key.slot()));
    }
}

/// Makes an error of a panic: the thread must live on.
fn guarded<T>(f: impl FnOnce() -> Result<T, LoadError>) -> Result<T, LoadError> {
    catch_unwind(AssertUnwindSafe(f))
        .unwrap_or_else(|panic| Err(LoadError::Panic(panic_text(panic.as_ref()))))
}

fn load(key: &Key) -> Result<Model, LoadError> {
    let model = match key {
        Key::Factory(slot) => Factory::in_slot(*slot).ok_or(LoadError::NoFile)?.load()?,
        Key::File(path, _) => Model::load(path)?,
    };
    model.check_live()?;
    Ok(model)
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no details").to_owned()
}
