//! Tells the linker where libtorch will lie at run time.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // Set by torch-sys, which is a direct dependency for this reason only.
    if let Ok(lib) = std::env::var("DEP_TCH_LIBTORCH_LIB") {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{lib}");
    }
    println!("cargo::rustc-link-arg=-Wl,-rpath,$ORIGIN/../lib");
}
