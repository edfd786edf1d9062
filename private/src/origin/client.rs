//! Calls to a node: JSON-RPC by HTTP.

use std::{fmt, sync::Arc, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use neovm_types::text::beginning;
use serde_json::{Value, json};
use ureq::{Agent, tls::TlsConfig};

/// How long a call may take.
const TIMEOUT: Duration = Duration::from_secs(20);

/// The greatest size of an answer, in bytes: a block in base64, or a hundred of the largest entries.
const MAX_ANSWER: u64 = 16 << 20;

/// Why the node of another network does not help.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{url}: {method} {problem}")]
pub struct OriginError {
    /// The address of the node, without a password.
    pub url: String,
    /// The method that was called.
    pub method: String,
    /// What came of it.
    pub problem: Problem,
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// There is no answer.
    #[error("is not answered: {0}")]
    Unanswered(String),
    /// The node answers with an error.
    #[error("is answered with error {code}: {message}{}", advice(*.code))]
    Refused {
        /// The code.
        code: i64,
        /// The message.
        message: String,
    },
    /// The answer is none of this method.
    #[error("is answered wrongly: {0}")]
    Malformed(String),
}

/// The codes of nodes without a state, or without old ones.
///
/// Source: `RpcError.cs` of the plugin RpcServer of the reference node.
const METHOD_NOT_FOUND: i64 = -32601;
const UNSUPPORTED_STATE: i64 = -606;

/// What kind of node does not give this error.
const fn advice(code: i64) -> &'static str {
    match code {
        METHOD_NOT_FOUND => " (the node must have the plugin StateService)",
        UNSUPPORTED_STATE => " (the node must keep old states: FullState, or in neo-go no KeepOnlyLatestState)",
        _ => "",
    }
}

/// What calls a node.
#[derive(Debug)]
pub(super) struct Client {
    agent: Agent,
    address: String,
    /// The address without a password, as people see it.
    url: String,
}

impl Client {
    pub(super) fn new(url: &str) -> Self {
        Self::with_timeout(url, TIMEOUT)
    }

    pub(super) fn with_timeout(url: &str, timeout: Duration) -> Self {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = Agent::config_builder()
            .tls_config(TlsConfig::builder().unversioned_rustls_crypto_provider(provider).build())
            .timeout_global(Some(timeout))
            .http_status_as_error(false)
            // A call that was sent on would be sent to somebody who was not asked.
            .max_redirects(0)
            .user_agent(concat!("neovm/", env!("CARGO_PKG_VERSION")));
        Self { agent: config.build().into(), address: url.to_owned(), url: without_password(url) }
    }

    /// The address without a password.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Calls a method, and returns the result.
    pub(super) fn call(&self, method: &str, params: Value) -> Result<Value, OriginError> {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
        let answered = self.post(&request).map_err(|problem| self.error(method, problem))?;
        let mut answer: Value = serde_json::from_slice(&answered)
            .map_err(|error| self.malformed(method, format_args!("it is no JSON: {error}")))?;
        if let Some(error) = answer.get("error").filter(|error| !error.is_null()) {
            let code = error["code"].as_i64().unwrap_or_default();
            let message = shown(error["message"].as_str().unwrap_or("an error without a message"));
            return Err(self.error(method, Problem::Refused { code, message }));
        }
        if answer.get("id") != Some(&json!(1)) {
            return Err(self.malformed(method, "it is no answer to the call"));
        }
        match answer.get_mut("result") {
            Some(result) => Ok(result.take()),
            None => Err(self.malformed(method, "there is neither a result nor an error")),
        }
    }

    fn post(&self, request: &str) -> Result<Vec<u8>, Problem> {
        let send = || self.agent.post(&self.address).content_type("application/json").send(request);
        let sent = match send() {
            // A connection that was kept open may have been closed by the node.
            Err(ureq::Error::Io(_)) => send(),
            sent => sent,
        };
        let unanswered = |error: ureq::Error| Problem::Unanswered(error.to_string().replace(&self.address, &self.url));
        let mut response = sent.map_err(unanswered)?;
        let status = response.status();
        let to = response.headers().get("location").and_then(|to| to.to_str().ok());
        let to = to.map(|to| format!(", which leads to {}", shown(to))).unwrap_or_default();
        let body = response.body_mut().with_config().limit(MAX_ANSWER).read_to_vec();
        // Some nodes give errors another status as well.
        if status.is_success() || body.as_ref().is_ok_and(|body| is_error(body)) {
            return body.map_err(unanswered);
        }
        Err(Problem::Unanswered(format!("HTTP status {status}{to}")))
    }

    fn error(&self, method: &str, problem: Problem) -> OriginError {
        OriginError { url: self.url.clone(), method: method.to_owned(), problem }
    }

    pub(super) fn malformed(&self, method: &str, what: impl fmt::Display) -> OriginError {
        self.error(method, Problem::Malformed(what.to_string()))
    }

    /// The bytes that a text in base64 stands for.
    pub(super) fn bytes(&self, method: &str, value: &Value) -> Result<Vec<u8>, OriginError> {
        let bytes = value.as_str().and_then(|text| BASE64_STANDARD.decode(text).ok());
        bytes.ok_or_else(|| self.malformed(method, format_args!("{} is not base64", shown(&value.to_string()))))
    }
}

/// An address with stars in place of the password that it may have.
fn without_password(url: &str) -> String {
    let start = url.find("://").map_or(0, |scheme| scheme + 3);
    let end = url[start..].find(['/', '?', '#']).map_or(url.len(), |end| start + end);
    let password = url[start..end].rsplit_once('@').and_then(|(user, host)| Some((user.split_once(':')?.0, host)));
    match password {
        Some((user, host)) => format!("{}{user}:***@{host}{}", &url[..start], &url[end..]),
        None => url.to_owned(),
    }
}

/// Whether an answer is an error of JSON-RPC.
fn is_error(answer: &[u8]) -> bool {
    serde_json::from_slice::<Value>(answer).is_ok_and(|answer| answer["error"]["code"].is_i64())
}

/// Another's words, on one line and not too many.
fn shown(text: &str) -> String {
    /// An error of a node may say more than a name.
    const MAX_SHOWN: usize = 200;
    beginning(text, MAX_SHOWN).escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::TcpListener,
        time::Instant,
    };

    use super::*;

    #[test]
    fn a_node_that_says_nothing_is_not_waited_for() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let begun = Instant::now();
        let error = Client::with_timeout(&url, Duration::from_millis(200)).call("getversion", json!([])).unwrap_err();
        assert!(begun.elapsed() < Duration::from_secs(10));
        assert!(error.to_string().starts_with(&format!("{url}: getversion is not answered: timeout")), "{error}");
    }

    #[test]
    fn a_password_is_not_shown() {
        for (url, shown) in [
            ("http://user:secret@host:1/path?a=b", "http://user:***@host:1/path?a=b"),
            ("http://user:se@cr:et@host", "http://user:***@host"),
            ("http://:secret@[::1]:80", "http://:***@[::1]:80"),
            ("http://user@host:1/a:b@c", "http://user@host:1/a:b@c"),
            ("http://host:10332", "http://host:10332"),
            ("user:secret@host", "user:***@host"),
            ("", ""),
        ] {
            assert_eq!(Client::new(url).url(), shown);
        }
    }

    #[test]
    fn what_is_asked_by_tls_is_told_if_there_is_none() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let client = Client::with_timeout(&url, Duration::from_secs(10));
        std::thread::scope(|scope| {
            scope.spawn(move || drop(listener.accept().unwrap()));
            let error = client.call("getversion", json!([])).unwrap_err();
            assert!(matches!(error.problem, Problem::Unanswered(_)), "{error}");
        });
    }

    /// What comes of a call that is answered with a status and a body.
    fn answered(status: &str, body: &str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let client = Client::with_timeout(&url, Duration::from_secs(10));
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = Vec::new();
                while !request.ends_with(b"}") {
                    let mut part = [0; 1024];
                    let length = stream.read(&mut part).unwrap();
                    request.extend(&part[..length]);
                }
                let length = body.len();
                write!(stream, "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}")
                    .unwrap();
            });
            let error = client.call("getstateroot", json!([])).unwrap_err().to_string();
            error.strip_prefix(&format!("{url}: getstateroot ")).unwrap().to_owned()
        })
    }

    #[test]
    fn an_error_is_read_whatever_the_status_is() {
        let error = r#"{"jsonrpc":"2.0","id":1,"error":{"code":-606,"message":"Old state not supported"}}"#;
        for status in ["200 OK", "422 Unprocessable Entity", "500 Internal Server Error"] {
            let answer = answered(status, error);
            assert!(answer.starts_with("is answered with error -606: Old state not supported"), "{answer}");
        }
        let result = r#"{"jsonrpc":"2.0","id":1,"result":true}"#;
        for body in ["", "<html>", r#"{"error":"no"}"#, r#"{"error":null}"#, "[]", result] {
            assert_eq!(answered("502 Bad Gateway", body), "is not answered: HTTP status 502 Bad Gateway");
        }
        let moved = "301 Moved Permanently\r\nlocation: http://elsewhere";
        let told = "is not answered: HTTP status 301 Moved Permanently, which leads to http://elsewhere";
        assert_eq!(answered(moved, ""), told);
    }
}
