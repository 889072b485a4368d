//! The library of a process, and the thread that fills it.

use super::cache::Cache;
use super::settings::{Change, Mark, Order, Settings};
use super::store::Store;
use super::walk::{Limits, walk};
use super::{Choice, Entry, Kind, Reading, pin_module, places, read};
use parking_lot::{Condvar, Mutex};
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

/// How often the window is shown what was read since, at most.
const PUBLISH_EVERY: Duration = Duration::from_millis(150);

/// Shortest time between two looks at the folders that nobody asked for.
const LOOK_EVERY: Duration = Duration::from_secs(4);

/// A slow folder is looked at more rarely: this many times as long as the look took.
const REST: u32 = 20;

/// The library as of some moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// Everything, recordings included, in no order.
    pub entries: Vec<Arc<Entry>>,
    /// Folders are being walked through.
    pub scanning: bool,
    /// Files that were found and not read yet.
    pub unread: usize,
    /// What the player should know: folders that cannot be read, settings that cannot be kept.
    pub notes: Vec<String>,
}

/// What a player owns. One a process, see [`Library::shared`].
pub struct Library {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    store: Store,
    /// Held while the settings' file is read or written until what came of it was taken over, so that a reader cannot bring back what stood
    /// in the file before somebody else's change.
    file: Mutex<()>,
    pub cache: Cache,
    limits: Limits,
    state: Mutex<State>,
    wake: Condvar,
    version: AtomicU64,
    quit: AtomicBool,
}

#[derive(Default)]
struct State {
    settings: Arc<Settings>,
    /// The settings were read from their file.
    loaded: bool,
    /// What is not in the file yet.
    pending: Vec<Change>,
    /// Somebody is writing the file.
    saving: bool,
    settings_note: Option<String>,
    walk_notes: Vec<String>,
    entries: Vec<Arc<Entry>>,
    scanning: bool,
    unread: usize,
    /// The thread runs.
    running: bool,
    /// Number of the latest look that was asked for, and of the latest one that cannot wait for files to be read.
    wanted: u64,
    urgent: u64,
    /// Number of the latest look that was begun.
    begun: u64,
    /// When the folders may be looked at again without being asked.
    rest_until: Option<Instant>,
}

impl Library {
    /// The library of this process. Made when it is first asked for, and gone with the last who holds it; nothing is read yet.
    pub fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Library>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock();
        shared.upgrade().unwrap_or_else(|| {
            let library = Arc::new(Self::at(places::config_folder(), places::cache_folder()));
            *shared = Arc::downgrade(&library);
            library
        })
    }

    /// A library whose settings lie in a folder, and what it remembers of files in another; in neither, it forgets both.
    pub fn at(config: Option<PathBuf>, cache: Option<PathBuf>) -> Self {
        Self::with_limits(config, cache, Limits::USUAL)
    }

    pub(super) fn with_limits(config: Option<PathBuf>, cache: Option<PathBuf>, limits: Limits) -> Self {
        Self {
            inner: Arc::new(Inner {
                store: Store::new(config),
                file: Mutex::new(()),
                cache: Cache::new(cache),
                limits,
                state: Mutex::default(),
                wake: Condvar::new(),
                version: AtomicU64::new(1),
                quit: AtomicBool::new(false),
            }),
        }
    }

    /// Grows whenever the settings or the entries change.
    pub fn version(&self) -> u64 {
        self.inner.version.load(Ordering::Acquire)
    }

    /// The library as of now. Until [`Library::look`] was called and its thread has begun, it is empty.
    pub fn snapshot(&self) -> Snapshot {
        let state = self.inner.state.lock();
        let notes = state.settings_note.iter().chain(&state.walk_notes).cloned().collect();
        Snapshot { entries: state.entries.clone(), scanning: state.scanning, unread: state.unread, notes }
    }

    /// The settings as far as they were read; see [`Library::read_settings`].
    pub fn settings(&self) -> Arc<Settings> {
        self.inner.state.lock().settings.clone()
    }

    /// The settings, read from their file first if nobody has. Not for a window.
    pub fn read_settings(&self) -> Arc<Settings> {
        if !self.inner.state.lock().loaded {
            self.inner.load_settings();
        }
        self.settings()
    }

    /// Has the folders looked at, by a thread of its own: at once, or when it is time again and nothing else is going on.
    pub fn look(&self, at_once: bool) {
        let mut state = self.inner.state.lock();
        let idle = state.begun == state.wanted && !state.scanning && state.unread == 0;
        let rested = state.rest_until.is_none_or(|until| Instant::now() >= until);
        if !(at_once || idle && rested) {
            return;
        }
        state.wanted += 1;
        if at_once {
            state.urgent = state.wanted;
        }
        state.scanning = true;
        if !state.running {
            let inner = self.inner.clone();
            pin_module();
            let thread = std::thread::Builder::new().name("tonewright-library".into());
            match thread.spawn(move || inner.run()) {
                Ok(_) => state.running = true,
                Err(error) => {
                    state.scanning = false;
                    state.walk_notes = vec![format!(
                        "The library cannot be read, the system gave no thread for it: {error}."
                    )];
                }
            }
        }
        drop(state);
        self.inner.touch();
        self.inner.wake.notify_all();
    }

    /// Adds a folder, and looks into it.
    pub fn add_folder(&self, folder: PathBuf) {
        self.change(Change::Add(folder));
        self.look(true);
    }

    /// Forgets a folder; its files stay where they are.
    pub fn remove_folder(&self, folder: &Path) {
        self.change(Change::Remove(folder.to_owned()));
        self.look(true);
    }

    /// Stars something, or takes its star away.
    pub fn star(&self, mark: Mark, star: bool) {
        self.change(Change::Star(mark, star));
    }

    /// Remembers that something was chosen.
    pub fn played(&self, mark: Mark) {
        self.change(Change::Played(mark));
    }

    /// Remembers the order of lists.
    pub fn set_order(&self, order: Order) {
        self.change(Change::Order(order));
    }

    fn change(&self, change: Change) {
        let mut state = self.inner.state.lock();
        change.apply(Arc::make_mut(&mut state.settings));
        state.pending.push(change);
        let begins = !std::mem::replace(&mut state.saving, true);
        drop(state);
        self.inner.touch();
        if begins {
            save_beside(&self.inner);
        }
    }
}

/// Writes what is pending on a thread of its own: a disk may let wait, and a window must not.
fn save_beside(inner: &Arc<Inner>) {
    pin_module();
    let saver = inner.clone();
    let thread = std::thread::Builder::new().name("tonewright-settings".into());
    if thread.spawn(move || saver.save()).is_err() {
        inner.save();
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        self.inner.quit.store(true, Ordering::Release);
        let mut state = self.inner.state.lock();
        let left = !state.pending.is_empty() && !std::mem::replace(&mut state.saving, true);
        drop(state);
        if left {
            save_beside(&self.inner);
        }
        self.inner.wake.notify_all();
    }
}

impl Inner {
    fn touch(&self) {
        self.version.fetch_add(1, Ordering::AcqRel);
    }

    fn go_on(&self) -> bool {
        !self.quit.load(Ordering::Acquire)
    }

    fn load_settings(&self) {
        let _file = self.file.lock();
        let known = self.state.lock().settings.clone();
        let stored = self.store.read(&known);
        let mut state = self.state.lock();
        state.take(stored.settings);
        // A note on a damaged file stands until the window is closed: the file is mended by then.
        state.settings_note = stored.note.or(state.settings_note.take());
        state.loaded = true;
        drop(state);
        self.touch();
    }

    /// Writes what is pending, until nothing is.
    fn save(&self) {
        loop {
            let _file = self.file.lock();
            let (changes, settings) = {
                let mut state = self.state.lock();
                if state.pending.is_empty() {
                    state.saving = false;
                    return;
                }
                (std::mem::take(&mut state.pending), state.settings.clone())
            };
            let stored = self.store.change(&settings, &changes);
            let mut state = self.state.lock();
            state.settings_note = stored.note.or(state.settings_note.take());
            if stored.written {
                state.loaded = true;
                state.take(stored.settings);
            } else {
                // For the next change, which tries again.
                state.pending.splice(0..0, changes);
                state.saving = false;
            }
            drop(state);
            self.touch();
            if !stored.written {
                return;
            }
        }
    }

    /// Files were read: what is remembered of them without their content is now remembered with it, so that it is known again
    /// wherever they are moved.
    fn learn(&self, read: Vec<Mark>) {
        let mut state = self.state.lock();
        let changes: Vec<Change> =
            read.into_iter().map(Change::Know).filter(|change| change.tells(&state.settings)).collect();
        if changes.is_empty() {
            return;
        }
        changes.iter().for_each(|change| change.apply(Arc::make_mut(&mut state.settings)));
        state.pending.extend(changes);
        let begins = !std::mem::replace(&mut state.saving, true);
        drop(state);
        self.touch();
        if begins {
            self.save();
        }
    }

    fn run(&self) {
        self.load_settings();
        self.cache.load();
        let mut scan = Scan::new(self);
        while let Some(look) = self.next_look() {
            scan.look(look);
        }
    }

    /// Waits until the folders are to be looked at; `None` at the end.
    fn next_look(&self) -> Option<u64> {
        let mut state = self.state.lock();
        while self.go_on() && state.begun == state.wanted {
            self.wake.wait(&mut state);
        }
        state.begun = state.wanted;
        self.go_on().then_some(state.begun)
    }

    /// Something else is to be looked at before more files are read.
    fn is_interrupted(&self, look: u64) -> bool {
        !self.go_on() || self.state.lock().urgent > look
    }
}

impl State {
    /// Takes over what the file holds, and what was changed since it was read.
    fn take(&mut self, mut settings: Settings) {
        self.pending.iter().for_each(|change| change.apply(&mut settings));
        self.settings = Arc::new(settings);
    }
}

/// What the thread knows.
struct Scan<'a> {
    inner: &'a Inner,
    factory: Vec<Arc<Entry>>,
    files: BTreeMap<PathBuf, Arc<Entry>>,
    published: Instant,
}

impl<'a> Scan<'a> {
    fn new(inner: &'a Inner) -> Self {
        let factory = Entry::factory().into_iter().map(Arc::new).collect();
        let scan = Self { inner, factory, files: BTreeMap::new(), published: Instant::now() };
        scan.publish(true);
        scan
    }

    fn look(&mut self, look: u64) {
        let begin = Instant::now();
        self.inner.load_settings();
        let settings = self.inner.state.lock().settings.clone();
        let (mut seen, mut notes) = (HashSet::new(), Vec::new());
        for root in settings.folders() {
            self.walk(root, &mut seen, &mut notes);
        }
        self.marked(&settings, &mut seen);
        self.files.retain(|path, _| seen.contains(path));
        let took = begin.elapsed();
        {
            let mut state = self.inner.state.lock();
            state.walk_notes = notes;
            state.rest_until = Some(Instant::now() + LOOK_EVERY.max(took * REST));
        }
        self.publish(false);
        self.read_all(look);
        if self.inner.go_on() {
            let under = |path: &Path| settings.folders().any(|root| path.starts_with(root));
            self.inner.cache.save(|path| self.files.contains_key(path) || under(path));
        }
    }

    fn walk(&mut self, root: &Path, seen: &mut HashSet<PathBuf>, notes: &mut Vec<String>) {
        let inner = self.inner;
        let walked = walk(
            root,
            inner.limits,
            || inner.go_on(),
            |found| {
                let stamp = (found.size_bytes, found.modified);
                self.found(&found.path, found.kind, stamp);
                seen.insert(found.path);
                self.publish_now_and_then(true);
            },
        );
        if walked.cut {
            let limits = inner.limits;
            notes.push(format!(
                "{} is larger than can be shown ({} files, {} folders deep): add the folders inside of it that hold your models.",
                root.display(),
                limits.files,
                limits.depth
            ));
        }
        for (folder, problem) in walked.problems {
            notes.push(format!("{} cannot be read: {problem}.", folder.display()));
        }
    }

    /// Takes in a file, unless it is known in that state.
    fn found(&mut self, path: &Path, kind: Kind, stamp: (u64, Option<std::time::SystemTime>)) {
        let known = self.files.get(path);
        if known.is_some_and(|known| (known.size_bytes, known.modified) == stamp) {
            return;
        }
        let (reading, hash) = self.inner.cache.reading(path, stamp).unwrap_or((Reading::Pending, None));
        self.files.insert(path.to_owned(), Arc::new(Entry::of_file(path, kind, stamp, reading, hash)));
    }

    /// Files that are remembered and lie in no folder of the library. One that is starred and gone is shown as gone.
    fn marked(&mut self, settings: &Settings, seen: &mut HashSet<PathBuf>) {
        let starred = settings.favourites.iter().map(|mark| (mark, true));
        let recent = settings.recents.iter().map(|mark| (mark, false));
        for (mark, is_starred) in starred.chain(recent) {
            let Choice::File(path) = &mark.choice else { continue };
            let path = &path.0;
            if seen.contains(path) {
                continue;
            }
            match std::fs::metadata(path) {
                Ok(metadata) if metadata.is_file() => {
                    self.found(path, mark.kind, (metadata.len(), metadata.modified().ok()));
                }
                _ if is_starred && !self.has_content_of(mark) => {
                    let problem = "it is no longer there; add the folder it was moved to".to_owned();
                    let reading = Reading::Refused(problem);
                    let entry = Entry::of_file(path, mark.kind, (0, None), reading, mark.hash);
                    self.files.insert(path.clone(), Arc::new(entry));
                }
                _ => continue,
            }
            seen.insert(path.clone());
        }
    }

    /// Whether the same thing lies elsewhere.
    fn has_content_of(&self, mark: &Mark) -> bool {
        let other = |entry: &&Arc<Entry>| entry.choice != mark.choice && entry.hash == mark.hash;
        mark.hash.is_some() && self.files.values().find(other).is_some()
    }

    /// What was shown as gone and was then read elsewhere is not shown twice.
    fn forget_what_turned_up(&mut self) {
        let is_gone =
            |entry: &Entry| entry.modified.is_none() && matches!(entry.reading, Reading::Refused(_));
        let elsewhere = |entry: &Entry| {
            let same = |other: &Arc<Entry>| other.hash == entry.hash && other.choice != entry.choice;
            entry.hash.is_some() && self.files.values().any(same)
        };
        let turned_up: Vec<PathBuf> = {
            let gone = self.files.iter().filter(|(_, entry)| is_gone(entry) && elsewhere(entry));
            gone.map(|(path, _)| path.clone()).collect()
        };
        turned_up.iter().for_each(|path| drop(self.files.remove(path)));
    }

    /// Reads what was not read yet.
    fn read_all(&mut self, look: u64) {
        let pending = self.files.iter().filter(|(_, entry)| entry.reading == Reading::Pending);
        let pending: Vec<PathBuf> = pending.map(|(path, _)| path.clone()).collect();
        let mut read = Vec::new();
        for path in pending {
            if self.inner.is_interrupted(look) {
                return self.inner.learn(read);
            }
            let Some(entry) = self.files.get(&path) else { continue };
            let (kind, stamp) = (entry.kind, (entry.size_bytes, entry.modified));
            let (reading, hash) = read::read(&path, kind);
            read.push(Mark { kind, choice: Choice::file(&path), hash });
            self.inner.cache.keep(&path, stamp, reading.clone(), hash);
            let entry = Entry::of_file(&path, kind, stamp, reading, hash);
            self.files.insert(path, Arc::new(entry));
            self.publish_now_and_then(false);
        }
        self.inner.learn(read);
        self.forget_what_turned_up();
        self.publish(false);
    }

    fn publish_now_and_then(&mut self, scanning: bool) {
        if self.published.elapsed() >= PUBLISH_EVERY {
            self.publish(scanning);
            self.published = Instant::now();
        }
    }

    fn publish(&self, scanning: bool) {
        let entries: Vec<_> = self.factory.iter().chain(self.files.values()).cloned().collect();
        let mut state = self.inner.state.lock();
        state.unread = entries.iter().filter(|entry| entry.reading == Reading::Pending).count();
        state.entries = entries;
        // A look that was asked for meanwhile is one that goes on.
        state.scanning = scanning || state.begun != state.wanted;
        drop(state);
        self.inner.touch();
    }
}
