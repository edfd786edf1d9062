//! What is compared: a script, two ways to run it, and what it runs under.

use neovm::{Dispatch, Hardfork, Limits};
use neovm_generator::Random;
use serde::{Deserialize, Serialize};

/// Gas that a script may use at most, in datoshi: some 80 of the dearest instructions.
pub(crate) const GAS: u64 = 20_000_000;

/// A way to run a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// The plain interpreter that shares no code with the engine.
    Model,
    /// The engine's interpreter, by general handlers alone.
    Stepwise,
    /// The engine's interpreter, by the dispatch that a run tells.
    Interpreter,
    /// The interpreter, and machine code for what was reached so often.
    Compiled {
        /// How often; at 1 what can be compiled is, before it runs.
        threshold: u32,
        /// Whether another thread compiles.
        background: bool,
    },
}

/// What the engine is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    /// Fast handlers with general ones.
    Interp,
    /// Compiled code with the interpreter.
    Jit,
    /// All ways of the engine with the model.
    Model,
}

/// What an execution runs under.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Datoshi.
    pub gas_limit: u64,
    /// How the engine's interpreter gets from one instruction to the next.
    #[serde(with = "DispatchForm")]
    pub dispatch: Dispatch,
    /// The hardfork.
    #[serde(with = "hardfork_name")]
    pub hardfork: Hardfork,
    /// The limits.
    #[serde(with = "LimitsForm")]
    pub limits: Limits,
}

/// A script and how it runs. What was compiled in one run is there in the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The script.
    #[serde(with = "hex::serde")]
    pub script: Vec<u8>,
    /// What is taken to be right.
    pub reference: Way,
    /// What is compared with it.
    pub subject: Way,
    /// One after the other.
    pub runs: Vec<Run>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Dispatch", rename_all = "lowercase")]
enum DispatchForm {
    Auto,
    Loop,
    Unfused,
}

/// A hardfork by its name; saved cases may have that of a jump table instead.
mod hardfork_name {
    use neovm::Hardfork;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(hardfork: &Hardfork, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(hardfork.name())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Hardfork, D::Error> {
        let name = String::deserialize(deserializer)?;
        name.parse().or_else(|error| Hardfork::from_jump_table_name(&name).ok_or_else(|| D::Error::custom(error)))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Limits", deny_unknown_fields)]
struct LimitsForm {
    max_shift: u32,
    max_stack_size: u32,
    max_item_size: u32,
    max_comparable_size: u32,
    max_invocation_stack_size: u32,
    max_try_nesting_depth: u32,
    catch_engine_exceptions: bool,
}

impl Default for Run {
    /// What the networks run with, and much gas.
    fn default() -> Self {
        Self { gas_limit: GAS, dispatch: Dispatch::Auto, hardfork: Hardfork::default(), limits: Limits::DEFAULT }
    }
}

impl Run {
    /// Mostly what the networks run with.
    pub fn random(random: &mut Random) -> Self {
        let mut limits = Limits::DEFAULT;
        if random.one_in(4) {
            limits.max_stack_size = 10 + random.below(80) as u32;
        }
        if random.one_in(8) {
            limits.max_invocation_stack_size = 1 + random.below(6) as u32;
        }
        if random.one_in(10) {
            limits.max_comparable_size = random.one_of(&[0, 1, 8, 33, 65]);
            limits.max_item_size = random.below(70) as u32;
            limits.max_shift = random.below(70) as u32;
            limits.max_try_nesting_depth = 1 + random.below(2) as u32;
            limits.catch_engine_exceptions = random.one_in(2);
        }
        let older = [Hardfork::Domovoi, Hardfork::Faun];
        let hardfork = if random.one_in(4) { random.one_of(&older) } else { Hardfork::default() };
        let dispatch = if random.one_in(8) { random.one_of(&Dispatch::ALL) } else { Dispatch::Auto };
        Self { gas_limit: random.one_of(&[GAS, GAS / 4, GAS / 16]), dispatch, hardfork, limits }
    }
}

impl Way {
    /// Mostly what compiles hot loops at once, since results do not depend on when.
    pub(crate) fn compiled(random: &mut Random) -> Self {
        let threshold = if random.one_in(16) { 1 } else { 2 + random.below(7) as u32 };
        Self::Compiled { threshold, background: threshold > 1 && random.one_in(32) }
    }
}

impl Against {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Interp, Self::Jit, Self::Model];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Interp => "interp",
            Self::Jit => "jit",
            Self::Model => "model",
        }
    }

    /// A case with a script and one run.
    pub(crate) fn case(self, script: Vec<u8>, random: &mut Random) -> Case {
        let mut run = Run::random(random);
        let (reference, subject) = match self {
            Self::Interp => {
                run.dispatch = random.one_of(&Dispatch::ALL);
                (Way::Stepwise, Way::Interpreter)
            }
            Self::Jit => (Way::Interpreter, Way::compiled(random)),
            Self::Model => {
                let ways = [Way::Interpreter, Way::Stepwise, Way::compiled(random)];
                (Way::Model, random.one_of(&ways))
            }
        };
        Case { script, reference, subject, runs: vec![run] }
    }
}
