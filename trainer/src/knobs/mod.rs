//! Gear with knobs: recordings at several of their positions train one network whose weights follow them
//! ([`ParametricSpec`](shared::model::ParametricSpec)).

mod material;
mod segment;
mod start;
mod table;

pub use material::Takes;
pub use segment::KnobSegment;
pub use start::initial_weights;
pub use table::{Recorded, Table};
