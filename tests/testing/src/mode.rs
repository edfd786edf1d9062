//! The modes that the engine can run a script in.

use std::{error::Error, fmt, str::FromStr};

use neovm::{Dispatch, JitMode};

/// How the engine runs a script. The outcome must not depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// By the interpreter.
    Interpreted(Dispatch),
    /// One instruction at a time and without fast handlers, as an observer sees it.
    Observed,
    /// By compiled code, as far as the script is compiled, and by the interpreter elsewhere.
    Compiled(JitMode),
}

/// The number of times that code is reached before tests compile it, unless they say otherwise:
/// the first run of a script compiles its loops, the second enters them.
const THRESHOLD: u32 = 2;

impl Mode {
    /// The modes that interpret.
    pub const INTERPRETED: [Self; 4] = [
        Self::Interpreted(Dispatch::Auto),
        Self::Interpreted(Dispatch::Loop),
        Self::Interpreted(Dispatch::Unfused),
        Self::Observed,
    ];

    /// The modes that compile: before a script runs, when code is hot, and when code is hot but on
    /// another thread.
    pub const COMPILED: [JitMode; 3] = [
        JitMode::Eager,
        JitMode::Lazy { threshold: THRESHOLD, background: false },
        JitMode::Lazy { threshold: THRESHOLD, background: true },
    ];

    /// All modes.
    pub const ALL: [Self; 7] = [
        Self::INTERPRETED[0],
        Self::INTERPRETED[1],
        Self::INTERPRETED[2],
        Self::INTERPRETED[3],
        Self::Compiled(Self::COMPILED[0]),
        Self::Compiled(Self::COMPILED[1]),
        Self::Compiled(Self::COMPILED[2]),
    ];

    /// Returns the dispatch of the interpreter in this mode.
    pub fn dispatch(self) -> Dispatch {
        if let Self::Interpreted(dispatch) = self { dispatch } else { Dispatch::Auto }
    }

    /// Returns what is compiled in this mode.
    pub fn jit(self) -> JitMode {
        if let Self::Compiled(jit) = self { jit } else { JitMode::Off }
    }

    /// Whether this mode runs compiled code.
    pub fn is_compiled(self) -> bool {
        matches!(self, Self::Compiled(_))
    }
}

/// The name of the mode in the names of tests: `auto`, `loop`, `unfused`, `observed`, `eager`,
/// `lazy` or `background`. A threshold other than 2 follows a hyphen: `lazy-7`.
impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Interpreted(dispatch) => f.write_str(&format!("{dispatch:?}").to_lowercase()),
            Self::Observed => f.write_str("observed"),
            Self::Compiled(JitMode::Lazy { threshold, background }) => {
                f.write_str(if background { "background" } else { "lazy" })?;
                if threshold == THRESHOLD { Ok(()) } else { write!(f, "-{threshold}") }
            }
            Self::Compiled(jit) => f.write_str(&format!("{jit:?}").to_lowercase()),
        }
    }
}

/// The name of a mode that does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownMode(String);

impl fmt::Display for UnknownMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Mode::ALL.map(|mode| mode.to_string()).join(", ");
        write!(f, "unknown mode {:?}; the modes are {names}", self.0)
    }
}

impl Error for UnknownMode {}

impl FromStr for Mode {
    type Err = UnknownMode;

    fn from_str(name: &str) -> Result<Self, UnknownMode> {
        if let Some(mode) = Self::ALL.into_iter().find(|mode| mode.to_string() == name) {
            return Ok(mode);
        }
        let unknown = || UnknownMode(name.into());
        let (kind, threshold) = name.split_once('-').ok_or_else(unknown)?;
        let threshold = threshold.parse().map_err(|_| unknown())?;
        match kind {
            "lazy" => Ok(Self::Compiled(JitMode::Lazy { threshold, background: false })),
            "background" => Ok(Self::Compiled(JitMode::Lazy { threshold, background: true })),
            _ => Err(unknown()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_distinct_and_read_back() {
        let lazy = Mode::Compiled(JitMode::Lazy { threshold: 7, background: true });
        assert_eq!(lazy.to_string(), "background-7");
        for mode in Mode::ALL.into_iter().chain([lazy]) {
            assert_eq!(mode.to_string().parse(), Ok(mode));
        }
        let error = "lazy-x".parse::<Mode>().unwrap_err().to_string();
        assert!(
            error.starts_with("unknown mode \"lazy-x\"; the modes are auto, loop, unfused, observed, eager"),
            "{error}"
        );
    }
}
