//! Writes scripts with recorded outcomes into a folder, one a file, as seeds for fuzzers:
//!
//! ```sh
//! cargo run -p neovm-fuzz --example seeds -- fuzz/corpus/script
//! ```
//!
//! A number after the folder is the number of zero bytes before each script, for targets that take
//! their settings from the first bytes.
#![forbid(unsafe_code)]

use std::{error::Error, fs, path::Path};

use neovm_testing::{data, recorded::read_gz};
use serde_json::Value;

/// One of this many lines is taken.
const SHARE: usize = 4;

/// The most bytes of a seed: long ones are of little use to a fuzzer.
const LONGEST: usize = 4096;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let folder = args.next().ok_or("the folder for the seeds is missing")?;
    let ahead = args.next().map_or(Ok(0), |text| text.parse())?;
    fs::create_dir_all(&folder)?;
    let mut count = 0;
    for file in fs::read_dir(data())? {
        let path = file?.path();
        if path.extension().is_none_or(|extension| extension != "gz") {
            continue;
        }
        for line in read_gz(&path).lines().step_by(SHARE) {
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
