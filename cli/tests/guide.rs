//! The transcripts of `docs/guide.md`, typed in the folder of the repository, and the commands of `README.md`.
//! `TRYCMD=overwrite` renews the transcripts.

#[test]
fn the_guide_is_true() {
    std::env::set_current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).expect("the folder of the repository");
    // What the transcripts keep.
    let _ = std::fs::remove_dir_all("target/guide");
    trycmd::TestCases::new().env("NO_COLOR", "1").case("docs/guide.md");
}

#[cfg(unix)]
#[test]
fn the_commands_of_the_readme_end_well() {
    use std::{fs, os::unix::fs::symlink, path::Path, process::Command};

    let repository = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    // A folder with all that lies in the repository, so that what is made there does not stay.
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("readme");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    for entry in fs::read_dir(repository).expect("the repository").map(|entry| entry.expect("an entry")) {
        symlink(fs::canonicalize(entry.path()).expect("a path"), folder.join(entry.file_name())).expect("a link");
    }
    let readme = fs::read_to_string(repository.join("README.md")).expect("the file");
    let blocks = readme.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default());
    let is_command = |line: &&str| line.starts_with("cargo run --release -- ");
    let mut commands = 0;
    for block in blocks.map(|block| block.replace("\\\n", "")) {
        // A server does not end.
        for line in block.lines().filter(is_command).filter(|line| !line.contains(" serve ")) {
            let script = format!("cargo() {{ shift 3; \"$NEOVM\" \"$@\"; }}\n{line}");
            let mut shell = Command::new("sh");
            shell.args(["-c", &script]).env("NEOVM", env!("CARGO_BIN_EXE_neovm")).current_dir(&folder);
            let output = shell.output().expect("a shell");
            assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
            commands += 1;
        }
    }
    assert!(commands > 15, "{commands} commands were found");
}
