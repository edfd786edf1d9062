//! The transcripts of `docs/guide.md`, typed in the folder of the repository.
//! `TRYCMD=overwrite` renews them.

#[test]
fn the_guide_is_true() {
    std::env::set_current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).expect("the folder of the repository");
    // What the transcripts keep.
    let _ = std::fs::remove_dir_all("target/guide");
    trycmd::TestCases::new().env("NO_COLOR", "1").case("docs/guide.md");
}
