//! What the fuzz targets share with the seeded test in `shared/tests/hostile`.

#[path = "../tests/hostile/check.rs"]
pub mod check;
#[path = "../tests/hostile/corpus.rs"]
pub mod corpus;
