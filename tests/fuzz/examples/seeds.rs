//! Writes scripts that the project has outcomes of into a folder, one a file,
//! for fuzzers to begin with:
//!
//! ```sh
//! cargo run -p neovm-fuzz --example seeds -- fuzz/corpus/script
//! ```
//!
//! With a number behind the folder so many zeros come first, for targets that
//! take their settings from the first bytes.
#![forbid(unsafe_code)]

use std::{error::Error, fs, io::Read, path::Path};

use flate2::read::MultiGzDecoder;
use serde_json::Value;

/// One line in so many is taken.
const SHARE: usize = 4;

/// Most bytes of a seed: a fuzzer has little use for long ones.
const LONGEST: usize = 4096;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let folder = args.next().ok_or("the folder for the seeds is missing")?;
    let ahead = args.next().map_or(Ok(0), |text| text.parse())?;
    fs::create_dir_all(&folder)?;
    let mut count = 0;
    for file in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../data"))? {
        let path = file?.path();
        if path.extension().is_none_or(|extension| extension != "gz") {
            continue;
        }
        let mut text = String::new();
        MultiGzDecoder::new(fs::File::open(&path)?).read_to_string(&mut text)?;
        for line in text.lines().step_by(SHARE) {
            let line: Value = serde_json::from_str(line)?;
            let script = hex::decode(line["script"].as_str().unwrap_or_default())?;
            if script.len() <= LONGEST {
                let seed = [vec![0; ahead], script].concat();
                fs::write(Path::new(&folder).join(format!("{count:06}")), seed)?;
                count += 1;
            }
        }
    }
    println!("{count} seeds in {folder}");
    Ok(())
}
