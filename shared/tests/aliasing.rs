//! Oversampling keeps overtones from folding back. `docs/oversampling.md` has the whole table.

#[path = "support/aliasing.rs"]
mod support;

use shared::factory::MODELS;
use support::aliasing;

#[test]
fn at_four_times_the_rate_every_factory_amp_folds_back_at_least_twelve_db_less() {
    std::thread::scope(|scope| {
        for factory in MODELS {
            scope.spawn(|| {
                let model = factory.load().unwrap();
                for level_dbfs in [-6.0, 0.0] {
                    let [once, four] = [1, 4].map(|factor| aliasing(&model, factor, level_dbfs));
                    let gains = [once.audible_db - four.audible_db, once.all_db - four.all_db];
                    println!("{} at {level_dbfs} dBFS: {once:?}, {four:?}", factory.id);
                    assert!(gains.iter().all(|&db| db >= 12.0), "{}: {gains:?}", factory.id);
                }
            });
        }
    });
}
