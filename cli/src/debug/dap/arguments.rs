//! The arguments of requests, as far as they are used.

use serde::Deserialize;
use serde_json::Value;

/// What to debug.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Launch {
    /// The file, as on the command line; that of the command line unless given.
    pub(super) program: Option<String>,
    pub(super) method: Option<String>,
    /// Texts, or values that are written as JSON.
    pub(super) args: Vec<Value>,
    pub(super) signers: Vec<String>,
    pub(super) gas: Option<i64>,
    pub(super) debug_info: Option<String>,
    pub(super) source: Option<String>,
    /// Further options of the command line.
    pub(super) options: Vec<String>,
    /// Whether it runs to its end without stopping.
    pub(super) no_debug: bool,
    pub(super) stop_on_entry: bool,
    /// Whether it stops once more when the execution has ended, so that it can go back.
    pub(super) stop_on_end: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Initialize {
    pub(super) lines_start_at1: Option<bool>,
    pub(super) columns_start_at1: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Source {
    pub(super) path: Option<String>,
    pub(super) source_reference: Option<usize>,
}

#[derive(Debug, Deserialize)]
pub(super) struct SetBreakpoints {
    pub(super) source: Source,
    #[serde(default)]
    pub(super) breakpoints: Vec<SourceBreakpoint>,
}

#[derive(Debug, Deserialize)]
pub(super) struct SourceBreakpoint {
    pub(super) line: u32,
    #[serde(flatten)]
    pub(super) extras: Extras,
}

/// What breakpoints may have that is not supported. Clients are not told that it is, but may send it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Extras {
    pub(super) condition: Option<String>,
    pub(super) hit_condition: Option<String>,
    pub(super) log_message: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct SetFunctionBreakpoints {
    pub(super) breakpoints: Vec<FunctionBreakpoint>,
}

#[derive(Debug, Deserialize)]
pub(super) struct FunctionBreakpoint {
    pub(super) name: String,
    #[serde(flatten)]
    pub(super) extras: Extras,
}

#[derive(Debug, Deserialize)]
pub(super) struct SetInstructionBreakpoints {
    pub(super) breakpoints: Vec<InstructionBreakpoint>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InstructionBreakpoint {
    pub(super) instruction_reference: String,
    #[serde(default)]
    pub(super) offset: i64,
    #[serde(flatten)]
    pub(super) extras: Extras,
}

#[derive(Debug, Deserialize)]
pub(super) struct SetExceptionBreakpoints {
    #[serde(default)]
    pub(super) filters: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct StackTrace {
    pub(super) start_frame: usize,
    pub(super) levels: usize,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Scopes {
    pub(super) frame_id: usize,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Variables {
    pub(super) variables_reference: usize,
    #[serde(default)]
    pub(super) start: usize,
    #[serde(default)]
    pub(super) count: usize,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Evaluate {
    pub(super) expression: String,
    pub(super) frame_id: Option<usize>,
    #[serde(default)]
    pub(super) context: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Step {
    pub(super) granularity: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SourceRequest {
    #[serde(default)]
    pub(super) source: Source,
    #[serde(default)]
    pub(super) source_reference: usize,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Disassemble {
    pub(super) memory_reference: String,
    #[serde(default)]
    pub(super) offset: i64,
    #[serde(default)]
    pub(super) instruction_offset: i64,
    pub(super) instruction_count: usize,
}
