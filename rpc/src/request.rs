//! Requests: one call or several, as text, and what they are answered.
//!
//! Source: `RpcServer.cs` (`ProcessAsync`, `ProcessRequestAsync`) of the reference node.

use std::{
    fmt,
    sync::{PoisonError, RwLock},
    time::Instant,
};

use neovm_types::json::Json;

use crate::{
    error::{Answer, ErrorKind, RpcError},
    methods::{Handler, Method},
    node::Node,
    output::{Object, list},
    params::{Params, as_text},
};

/// How deep the JSON of a request may be nested.
const MAX_DEPTH: usize = 32;

/// How large the answers of a request are together, in bytes, before no further calls are carried out.
const MAX_ANSWERS: usize = 32 << 20;

/// For how many times the time of a test invocation the calls of a request go on to be carried out.
const MAX_TIMES: u32 = 3;

/// What a client has sent.
#[derive(Clone, Debug)]
pub enum Request {
    /// One call.
    One(Json),
    /// Several calls.
    Batch(Vec<Json>),
}

impl Request {
    /// Reads a request with at most so many calls. A byte order mark may precede it.
    ///
    /// # Errors
    /// [`RpcError`] if it is none.
    pub fn parse(text: &[u8], max_calls: usize) -> Result<Self, RpcError> {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        match Json::parse(text, MAX_DEPTH).map_err(|error| ErrorKind::BadRequest.with(error))? {
            Json::Array(calls) if calls.is_empty() => Err(ErrorKind::InvalidRequest.into()),
            Json::Array(calls) if calls.len() > max_calls => {
                let count = calls.len();
                Err(ErrorKind::InvalidRequest.with(format_args!("{count} calls, at most {max_calls} are allowed")))
            }
            Json::Array(calls) => Ok(Self::Batch(calls)),
            Json::Null => Err(ErrorKind::BadRequest.into()),
            call => Ok(Self::One(call)),
        }
    }
}

/// Answers a request. Calls without an id are carried out and not answered; if all are such, there
/// is no answer.
pub fn answer(node: &RwLock<Node>, request: &Request) -> Option<String> {
    match request {
        Request::One(call) => one(node, call),
        Request::Batch(calls) => {
            let limit = node.read().unwrap_or_else(PoisonError::into_inner).limits.time.saturating_mul(MAX_TIMES);
            let (mut answers, mut size, begun) = (Vec::new(), 0, Instant::now());
            for call in calls {
                let answer = if size >= MAX_ANSWERS {
                    unanswered(call, format_args!("{MAX_ANSWERS} bytes of answers"))
                } else if begun.elapsed() >= limit {
                    unanswered(call, format_args!("{} s", limit.as_secs_f32()))
                } else {
                    one(node, call)
                };
                size += answer.as_ref().map_or(0, String::len);
                answers.extend(answer);
            }
            (!answers.is_empty()).then(|| list(answers))
        }
    }
}

/// The answer to what is no request.
pub(crate) fn refusal(error: &RpcError) -> String {
    response(&Json::Null, &Err(error.clone()))
}

/// The answer to a call that is not carried out, since those before it have cost as much as a request may.
fn unanswered(call: &Json, limit: impl fmt::Display) -> Option<String> {
    let why = format_args!("a request is limited to {limit}: this call was not carried out");
    Some(response(call.get("id")?, &Err(ErrorKind::InvalidRequest.with(why))))
}

fn one(node: &RwLock<Node>, call: &Json) -> Option<String> {
    if !matches!(call, Json::Object(_)) {
        return Some(refusal(&ErrorKind::InvalidRequest.into()));
    }
    let id = call.get("id")?;
    Some(response(id, &carry_out(node, call)))
}

fn response(id: &Json, answer: &Answer) -> String {
    let head = Object::new().text("jsonrpc", "2.0").raw("id", id);
    match answer {
        Ok(result) => head.raw("result", result).finish(),
        Err(error) => head.raw("error", error.to_json()).finish(),
    }
}

fn carry_out(node: &RwLock<Node>, call: &Json) -> Answer {
    let name = call.get("method").filter(|name| **name != Json::Null).map(as_text).ok_or(ErrorKind::InvalidRequest)?;
    let values = match call.get("params") {
        None | Some(Json::Null) => &[][..],
        Some(Json::Array(values)) => values,
        Some(_) => return Err(ErrorKind::InvalidRequest.into()),
    };
    let method = Method::find(&name).ok_or_else(|| {
        let shown: String = name.chars().take(100).collect();
        ErrorKind::MethodNotFound.with(shown)
    })?;
    let params = Params::new(method, values);
    let whole = |node: &Node| node.check().map_err(|error| ErrorKind::InternalServerError.with(error));
    match method.handler {
        Handler::Read(handler) => {
            let node = node.read().unwrap_or_else(PoisonError::into_inner);
            whole(&node)?;
            handler(&node, &params)
        }
        Handler::Write(handler) => {
            let mut node = node.write().unwrap_or_else(PoisonError::into_inner);
            whole(&node)?;
            handler(&mut node, &params)
        }
    }
}
