//! The other end of the pipe.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};

use serde_json::Value;

/// A running `opah serve --stdio`.
pub(crate) struct Client {
    child: Child,
    requests: ChildStdin,
    replies: BufReader<ChildStdout>,
}

impl Client {
    pub(crate) fn new() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_opah"))
            .args(["serve", "--stdio"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (requests, replies) = (child.stdin.take(), child.stdout.take());
        Self {
            child,
            requests: requests.unwrap(),
            replies: BufReader::new(replies.unwrap()),
        }
    }

    /// The reply to a line, before the next one is sent.
    pub(crate) fn say(&mut self, line: &str) -> String {
        writeln!(self.requests, "{line}").unwrap();
        let mut reply = String::new();
        self.replies.read_line(&mut reply).unwrap();
        assert!(reply.ends_with('\n'), "{line}: {reply:?}");
        reply.trim_end().to_owned()
    }

    /// The reply to a request, whatever it is.
    pub(crate) fn reply(&mut self, request: &Value) -> Value {
        serde_json::from_str(&self.say(&request.to_string())).unwrap()
    }

    /// The reply to a request that is done.
    pub(crate) fn done(&mut self, request: &Value) -> Value {
        let reply = self.reply(request);
        assert_eq!(reply["ok"], true, "{request}: {reply}");
        reply
    }

    /// What is wrong with a request.
    pub(crate) fn refused(&mut self, line: &str) -> String {
        let reply: Value = serde_json::from_str(&self.say(line)).unwrap();
        assert_eq!(reply["ok"], false, "{line}: {reply}");
        reply["error"].as_str().unwrap().to_owned()
    }

    /// Kills the process, which can do nothing about it (SIGKILL).
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Closes the pipe, without a word.
    pub(crate) fn hang_up(self) -> ExitStatus {
        let Self {
            mut child,
            requests,
            replies,
        } = self;
        drop(requests);
        let rest: Vec<String> = replies.lines().map(Result::unwrap).collect();
        assert!(rest.is_empty(), "{rest:?}");
        child.wait().unwrap()
    }
}
