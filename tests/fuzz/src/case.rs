//! What is compared: a script, the two machines that run it, and their settings.

use std::{fmt, str::FromStr};

use neovm::{Dispatch, Hardfork, JitMode, Limits};
use neovm_generator::Random;
use neovm_testing::{Mode, UnknownMode};
use serde::{Deserialize, Serialize};

/// The highest gas limit, in datoshi: enough for about 80 of the most expensive instructions.
pub(crate) const GAS: u64 = 20_000_000;

/// What runs a script. As text, `model` or the name of the engine's [`Mode`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Executor {
    /// The plain interpreter that shares no code with the engine.
    Model,
    /// The engine.
    Engine(Mode),
}

/// The engine's interpreter, unless a run chooses another dispatch.
pub(crate) const INTERPRETER: Executor = Executor::Engine(Mode::Interpreted(Dispatch::Auto));

/// The engine with an observer, which sees general handlers alone.
pub(crate) const OBSERVED: Executor = Executor::Engine(Mode::Observed);

/// A comparison of two machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    /// Fast handlers against general ones.
    Interp,
    /// Compiled code against the interpreter.
    Jit,
    /// All modes of the engine against the model.
    Model,
}

/// The settings of an execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// The gas limit, in datoshi.
    pub gas_limit: u64,
    /// The dispatch of the engine's interpreter, in place of the mode's.
    #[serde(default, with = "dispatch_name")]
    pub dispatch: Option<Dispatch>,
    /// The hardfork.
    #[serde(with = "hardfork_name")]
    pub hardfork: Hardfork,
    /// The limits.
    #[serde(with = "limits_form")]
    pub limits: Limits,
}

/// A script and its executions. Code that is compiled in one run is used in the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The script.
    #[serde(with = "hex::serde")]
    pub script: Vec<u8>,
    /// What is taken to be right.
    pub reference: Executor,
    /// What is compared with it.
    pub subject: Executor,
    /// The executions, one after the other.
    pub runs: Vec<Run>,
}

/// A dispatch by the name of the mode that interprets with it.
mod dispatch_name {
    use neovm::Dispatch;
    use neovm_testing::Mode;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(dispatch: &Option<Dispatch>, serializer: S) -> Result<S::Ok, S::Error> {
        dispatch.map(|dispatch| Mode::Interpreted(dispatch).to_string()).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Dispatch>, D::Error> {
        let Some(name) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
        let mode: Mode = name.parse().map_err(D::Error::custom)?;
        Ok(Some(mode.dispatch()))
    }
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

/// Limits in the form of the model's.
mod limits_form {
    use neovm::Limits;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(limits: &Limits, serializer: S) -> Result<S::Ok, S::Error> {
        super::model_limits(limits).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Limits, D::Error> {
        let limits = neovm_model::Limits::deserialize(deserializer)?;
        Ok(Limits::DEFAULT
            .with_max_shift(limits.max_shift)
            .with_max_stack_size(limits.max_stack_size)
            .with_max_item_size(limits.max_item_size)
            .with_max_comparable_size(limits.max_comparable_size)
            .with_max_invocation_stack_size(limits.max_invocation_stack_size)
            .with_max_try_nesting_depth(limits.max_try_nesting_depth)
            .with_catch_engine_exceptions(limits.catch_engine_exceptions))
    }
}

/// Returns the engine's limits as the model takes them.
pub(crate) fn model_limits(limits: &Limits) -> neovm_model::Limits {
    neovm_model::Limits {
        max_shift: limits.max_shift,
        max_stack_size: limits.max_stack_size,
        max_item_size: limits.max_item_size,
        max_comparable_size: limits.max_comparable_size,
        max_invocation_stack_size: limits.max_invocation_stack_size,
        max_try_nesting_depth: limits.max_try_nesting_depth,
        catch_engine_exceptions: limits.catch_engine_exceptions,
    }
}

impl Default for Run {
    /// Returns the settings of the networks, with much gas.
    fn default() -> Self {
        Self { gas_limit: GAS, dispatch: None, hardfork: Hardfork::default(), limits: Limits::DEFAULT }
    }
}

impl Run {
    /// Returns random settings, mostly those of the networks.
    pub fn random(random: &mut Random) -> Self {
        let mut limits = Limits::DEFAULT;
        if random.one_in(5) {
            limits.max_stack_size = 10 + random.below(140) as u32;
        }
        if random.one_in(8) {
            limits.max_invocation_stack_size = 1 + random.below(6) as u32;
        }
        if random.one_in(10) {
            limits.max_comparable_size = random.one_of(&[0, 1, 8, 33, 65]);
            limits.max_item_size = 20 + random.below(60) as u32;
            limits.max_shift = random.below(70) as u32;
            limits.max_try_nesting_depth = 1 + random.below(2) as u32;
            limits.catch_engine_exceptions = random.one_in(2);
        }
        let older = [Hardfork::Domovoi, Hardfork::Faun];
        let hardfork = if random.one_in(4) { random.one_of(&older) } else { Hardfork::default() };
        let dispatch = random.one_in(8).then(|| random.one_of(&Dispatch::ALL));
        Self { gas_limit: random.one_of(&[GAS, GAS / 4, GAS / 16]), dispatch, hardfork, limits }
    }
}

impl Executor {
    /// Returns a random mode that compiles. Mostly hot code is compiled at once instead of in the
    /// background, so that results do not depend on timing.
    pub(crate) fn compiled(random: &mut Random) -> Self {
        Self::Engine(Mode::Compiled(if random.one_in(16) {
            JitMode::Eager
        } else {
            let threshold = 2 + random.below(5) as u32;
            JitMode::Lazy { threshold, background: random.one_in(32) }
        }))
    }

    pub(crate) fn is_compiled(self) -> bool {
        matches!(self, Self::Engine(mode) if mode.is_compiled())
    }
}

impl fmt::Display for Executor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Model => f.write_str("model"),
            Self::Engine(mode) => mode.fmt(f),
        }
    }
}

impl FromStr for Executor {
    type Err = UnknownMode;

    fn from_str(name: &str) -> Result<Self, UnknownMode> {
        if name == "model" { Ok(Self::Model) } else { name.parse().map(Self::Engine) }
    }
}

impl From<Executor> for String {
    fn from(executor: Executor) -> Self {
        executor.to_string()
    }
}

impl TryFrom<String> for Executor {
    type Error = UnknownMode;

    fn try_from(name: String) -> Result<Self, UnknownMode> {
        name.parse()
    }
}

impl Against {
    /// All comparisons.
    pub const ALL: [Self; 3] = [Self::Interp, Self::Jit, Self::Model];

    /// Returns its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Interp => "interp",
            Self::Jit => "jit",
            Self::Model => "model",
        }
    }

    /// Returns a case with a script and one run.
    pub(crate) fn case(self, script: Vec<u8>, random: &mut Random) -> Case {
        let mut run = Run::random(random);
        let (reference, subject) = match self {
            Self::Interp => {
                run.dispatch = None;
                (OBSERVED, Executor::Engine(Mode::Interpreted(random.one_of(&Dispatch::ALL))))
            }
            Self::Jit => (INTERPRETER, Executor::compiled(random)),
            Self::Model => {
                let modes = [INTERPRETER, OBSERVED, Executor::compiled(random)];
                (Executor::Model, random.one_of(&modes))
            }
        };
        Case { script, reference, subject, runs: vec![run] }
    }
}
