//! The loader's work, done where the test wants it and not on its own thread.

use super::*;
use crate::session::Nowhere;

const FORMAT: RackFormat =
    RackFormat { sample_rate_hz: 48_000.0, max_block_samples: 512, channels_in: 1, channels_out: 1 };

/// A worker that has dealt with the first wish of an instance.
fn worker() -> Worker {
    let desk = Arc::new(Desk::new(DEFAULT_SLOT));
    desk.set_format(FORMAT);
    let mut worker = Worker::new(Arc::new(Shared::new(desk, Arc::default())), Arc::new(Nowhere));
    work(&mut worker);
    worker
}

/// Deals with the wish that lies on the desk.
fn work(worker: &mut Worker) {
    let desk = worker.shared.desk.clone();
    let (serial, wish) = (desk.serial(), desk.wish());
    worker.deal_with(&wish);
    desk.settle(serial);
    worker.fulfilled = Some((wish, Instant::now()));
}

fn probe(worker: &Worker) -> Option<shared::engine::Probe> {
    worker.shared.status.lock().playing.as_ref().unwrap().probe
}

#[test]
fn a_model_plays_before_it_is_played_to() {
    let mut worker = worker();
    assert!(worker.delivered.is_some());
    assert_eq!(probe(&worker), None, "the host waits for what was done up to here");
    // What is wished for meanwhile comes first.
    worker.shared.desk.set_oversampling(2);
    worker.get_to_know();
    assert_eq!(probe(&worker), None);
    work(&mut worker);
    worker.get_to_know();
    let known = probe(&worker);
    assert!(known.is_some());
    let version = worker.shared.version.load(Ordering::Acquire);
    worker.get_to_know();
    assert_eq!(worker.shared.version.load(Ordering::Acquire), version, "it is known");
    worker.shared.desk.set_oversampling(1);
    work(&mut worker);
    assert_eq!(probe(&worker), known);
}

#[test]
fn what_is_to_be_corrected_is_known_before_it_plays() {
    let desk = Arc::new(Desk::new(DEFAULT_SLOT));
    desk.set_format(FORMAT);
    desk.set_align(true);
    let mut worker = Worker::new(Arc::new(Shared::new(desk, Arc::default())), Arc::new(Nowhere));
    work(&mut worker);
    assert!(probe(&worker).is_some());
}

/// Two activations while the loader is stuck in a file: the rack threw away what it had, and the loader never saw why.
#[test]
fn what_was_thrown_away_for_a_format_that_nobody_saw_is_delivered_again() {
    let mut worker = worker();
    let link = worker.shared.link.clone();
    let waiting = || (!link.voices.is_empty(), link.speakers.each_ref().map(|speaker| !speaker.is_empty()));
    let take = || {
        let mut rack = crate::rack::Rack::with_eq(link.clone(), Arc::default(), None);
        rack.prepare(FORMAT);
    };
    take();
    assert_eq!(waiting(), (false, [false; 2]));
    worker.shared.desk.set_format(RackFormat { max_block_samples: 64, ..FORMAT });
    worker.shared.desk.set_format(FORMAT);
    work(&mut worker);
    assert_eq!(waiting(), (true, [true; 2]));
    take();
    worker.shared.desk.set_format(FORMAT);
    work(&mut worker);
    assert_eq!(waiting(), (false, [false; 2]), "nothing has changed");
}
