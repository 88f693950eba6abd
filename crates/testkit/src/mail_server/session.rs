//! One connection.

use std::{io, sync::Arc};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufStream},
    net::TcpStream,
    time::sleep,
};

use super::{MailBehaviour, MailStep, MailTls, Shared, TakenMail, lock};

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

pub(super) struct Session {
    shared: Arc<Shared>,
    stream: BufStream<Box<dyn Stream>>,
    encrypted: bool,
    user: Option<String>,
    has_sender: bool,
    recipient: Option<(String, MailBehaviour)>,
}

/// What follows a command.
enum Next {
    Answer(String),
    Close,
    Encrypt,
}

impl Session {
    pub(super) async fn run(shared: Arc<Shared>, stream: TcpStream) {
        let implicit = matches!(shared.settings.tls, Some((MailTls::Implicit, _)));
        let stream: Box<dyn Stream> = match &shared.acceptor {
            Some(acceptor) if implicit => match acceptor.accept(stream).await {
                Ok(encrypted) => Box::new(encrypted),
                Err(_) => return,
            },
            _ => Box::new(stream),
        };
        let session = Self {
            shared,
            stream: BufStream::new(stream),
            encrypted: implicit,
            user: None,
            has_sender: false,
            recipient: None,
        };
        let _ = session.serve().await;
    }

    async fn serve(mut self) -> io::Result<()> {
        self.say("220 test ESMTP").await?;
        while let Some(line) = self.line().await? {
            match self.command(&line).await? {
                Next::Answer(answer) => {
                    self.say(&answer).await?;
                    if answer.starts_with("421") || answer.starts_with("221") {
                        break;
                    }
                }
                Next::Close => break,
                Next::Encrypt => {
                    self.say("220 go on").await?;
                    let acceptor = self.shared.acceptor.clone().expect("it was offered");
                    let encrypted = acceptor.accept(self.stream.into_inner()).await?;
                    self.stream = BufStream::new(Box::new(encrypted));
                    self.encrypted = true;
                }
            }
        }
        Ok(())
    }

    async fn command(&mut self, line: &str) -> io::Result<Next> {
        let answer = |text: &str| Ok(Next::Answer(text.to_owned()));
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" => Ok(Next::Answer(self.greeting())),
            "STARTTLS" if self.offers_encryption() => Ok(Next::Encrypt),
            "AUTH" => Ok(self.log_in(line)),
            "MAIL" if self.shared.settings.login.is_some() && self.user.is_none() => {
                answer("530 5.7.0 log in first")
            }
            "MAIL" => {
                self.has_sender = true;
                self.recipient = None;
                answer("250 2.1.0 ok")
            }
            "RCPT" if self.has_sender => {
                let address = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                let behaviour = self.shared.next(&address);
                let next = at(&behaviour, MailStep::Recipient, "250 2.1.5 ok").await;
                if matches!(&next, Next::Answer(text) if text.starts_with("250")) {
                    self.recipient = Some((address, behaviour));
                }
                Ok(next)
            }
            "DATA" if self.recipient.is_some() => self.data().await,
            "RSET" => {
                self.has_sender = false;
                answer("250 2.0.0 ok")
            }
            "NOOP" => answer("250 2.0.0 ok"),
            "QUIT" => answer("221 2.0.0 bye"),
            "RCPT" | "DATA" => answer("503 5.5.1 not now"),
            _ => answer("500 5.5.2 what?"),
        }
    }

    fn offers_encryption(&self) -> bool {
        matches!(self.shared.settings.tls, Some((MailTls::StartTls, _))) && !self.encrypted
    }

    fn greeting(&self) -> String {
        let mut lines = vec!["test"];
        if self.offers_encryption() {
            lines.push("STARTTLS");
        }
        if self.shared.settings.login.is_some() {
            lines.push("AUTH PLAIN");
        }
        if self.shared.settings.pipelining {
            lines.push("PIPELINING");
        }
        lines.push("8BITMIME");
        let last = lines.len() - 1;
        let line = |(n, line)| format!("250{}{line}", if n < last { "-" } else { " " });
        lines.into_iter().enumerate().map(line).collect::<Vec<_>>().join("\r\n")
    }

    /// `AUTH PLAIN` with the answer in the same line (RFC 4616).
    fn log_in(&mut self, line: &str) -> Next {
        use base64::{Engine, prelude::BASE64_STANDARD};

        let given = BASE64_STANDARD.decode(line.rsplit(' ').next().unwrap_or_default());
        let given = String::from_utf8(given.unwrap_or_default()).unwrap_or_default();
        let matching = self
            .shared
            .settings
            .login
            .as_ref()
            .filter(|(user, password)| given == format!("\0{user}\0{password}"));
        Next::Answer(match matching {
            Some((user, _)) => {
                self.user = Some(user.clone());
                "235 2.7.0 welcome".into()
            }
            None => "535 5.7.8 wrong user or password".into(),
        })
    }

    async fn data(&mut self) -> io::Result<Next> {
        let Some((recipient, behaviour)) = self.recipient.take() else { return Ok(Next::Close) };
        self.has_sender = false;
        self.say("354 go on").await?;
        if matches!(behaviour, MailBehaviour::Cut(MailStep::Data)) {
            self.line().await?;
            return Ok(Next::Close);
        }
        let mut bytes = Vec::new();
        loop {
            let start = bytes.len();
            if self.stream.read_until(b'\n', &mut bytes).await? == 0 {
                return Ok(Next::Close);
            }
            if &bytes[start..] == b".\r\n" {
                bytes.truncate(start);
                break;
            }
            if bytes[start] == b'.' {
                bytes.remove(start);
            }
        }
        let next = at(&behaviour, MailStep::Message, "250 2.0.0 taken").await;
        // Where the connection is cut now it was taken, and nobody is told.
        if !matches!(&next, Next::Answer(text) if !text.starts_with("250")) {
            let (encrypted, user) = (self.encrypted, self.user.clone());
            lock(&self.shared.taken).push(TakenMail { recipient, bytes, encrypted, user });
        }
        Ok(next)
    }

    async fn say(&mut self, text: &str) -> io::Result<()> {
        self.stream.write_all(text.as_bytes()).await?;
        self.stream.write_all(b"\r\n").await?;
        self.stream.flush().await
    }

    async fn line(&mut self) -> io::Result<Option<String>> {
        let mut line = String::new();
        let read = self.stream.read_line(&mut line).await?;
        Ok((read > 0).then(|| line.trim_end().to_owned()))
    }
}

/// What a behaviour makes of a step that would be answered `otherwise`.
async fn at(behaviour: &MailBehaviour, step: MailStep, otherwise: &str) -> Next {
    match behaviour {
        MailBehaviour::Answer(when, answer) if *when == step => Next::Answer((*answer).to_owned()),
        MailBehaviour::Cut(when) if *when == step => Next::Close,
        MailBehaviour::Slow(when, long) if *when == step => {
            sleep(*long).await;
            Next::Answer(otherwise.to_owned())
        }
        _ => Next::Answer(otherwise.to_owned()),
    }
}
