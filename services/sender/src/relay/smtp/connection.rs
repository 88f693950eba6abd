//! One connection to the mail server.

use std::{future::Future, time::Duration};

use lettre::{
    Address,
    transport::smtp::{
        Error,
        authentication::{Credentials, Mechanism},
        client::{AsyncSmtpConnection, AsyncTokioStream, TlsParameters},
        commands::{Data, Ehlo, Mail, Rcpt, Rset},
        extension::{ClientId, Extension, MailBodyParameter, MailParameter},
        response::Response,
    },
};
use tokio::{net::TcpStream, time::timeout};

use super::tls::{self, Implicit};
use crate::{SmtpSettings, SmtpTls};

/// A server may take longer over a whole e-mail than over a command: it may look for viruses meanwhile.
const FOR_A_WHOLE_MAIL: u32 = 5;

/// How to get in.
pub(super) struct Server {
    host: String,
    port: u16,
    hello: ClientId,
    encryption: Encryption,
    login: Option<Credentials>,
    patience: Duration,
}

enum Encryption {
    None,
    StartTls(TlsParameters),
    Implicit(Implicit),
}

impl Server {
    pub(super) fn new(settings: &SmtpSettings, from: &Address) -> Result<Self, String> {
        let SmtpSettings { host, port, tls, login, timeout, trust, .. } = settings;
        let login = login.clone();
        Ok(Self {
            host: host.clone(),
            port: *port,
            hello: ClientId::Domain(from.domain().to_owned()),
            encryption: match tls {
                SmtpTls::None => Encryption::None,
                SmtpTls::StartTls => Encryption::StartTls(tls::parameters(host, trust)?),
                SmtpTls::Implicit => Encryption::Implicit(Implicit::new(host, trust)?),
            },
            login: login
                .map(|(user, password)| Credentials::new(user, password.expose().to_owned())),
            patience: *timeout,
        })
    }
}

/// Where in the handing over of an e-mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// `MAIL FROM`
    Sender,
    /// `RCPT TO`
    Recipient,
    /// `DATA`
    Data,
    /// The e-mail itself: from here on it may have arrived.
    Message,
}

/// Why an e-mail was not taken.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) step: Step,
    pub(super) cause: Cause,
    /// Whether the connection had been used before.
    used: bool,
}

#[derive(Debug)]
pub(super) enum Cause {
    /// The server said no, with a code (RFC 5321, section 4.2) and its text.
    Refused { code: u16, reply: String },
    /// The connection was cut, or what came was no SMTP.
    Cut(String),
    /// Nothing came in time.
    Silence,
}

impl Trouble {
    #[cfg(test)]
    pub(super) fn new(step: Step, cause: Cause) -> Self {
        Self { step, cause, used: false }
    }

    /// Whether a kept connection had been closed before the e-mail came to it: then nothing was tried.
    pub(super) fn found_it_dead(&self) -> bool {
        let closing = matches!(self.cause, Cause::Cut(_) | Cause::Refused { code: 421, .. });
        self.used && self.step == Step::Sender && closing
    }

    /// Whether the connection can be used for another e-mail.
    pub(super) fn leaves_it_good(&self) -> bool {
        matches!(self.cause, Cause::Refused { code, .. } if code != 421)
    }
}

/// An open connection.
pub(super) struct Connection {
    smtp: AsyncSmtpConnection,
    /// Whether the server takes several commands at once, which the client library does not look for.
    pipelining: bool,
    patience: Duration,
    used: bool,
}

impl Connection {
    /// Connects, encrypts and logs in. The error says why the server lets nobody in.
    pub(super) async fn open(server: &Server) -> Result<Self, String> {
        let Server { host, port, patience, .. } = server;
        let at = |step: &str, why: String| format!("{host}:{port}: {step}: {why}");
        let connect = TcpStream::connect((host.as_str(), *port));
        let stream = in_time(*patience, connect).await.map_err(|e| at("no connection", e))?;
        // Otherwise each e-mail waits for an acknowledgement that the server delays.
        stream.set_nodelay(true).map_err(|e| at("no connection", e.to_string()))?;
        let stream: Box<dyn AsyncTokioStream> = match &server.encryption {
            Encryption::Implicit(tls) => {
                let encrypted = in_time(*patience, tls.encrypt(stream)).await;
                Box::new(encrypted.map_err(|e| at("TLS", e))?)
            }
            Encryption::None | Encryption::StartTls(_) => Box::new(stream),
        };
        let greet = AsyncSmtpConnection::connect_with_transport(stream, &server.hello);
        let mut smtp = in_time(*patience, greet).await.map_err(|e| at("greeting", e))?;
        if let Encryption::StartTls(tls) = &server.encryption {
            let encrypt = smtp.starttls(tls.clone(), &server.hello);
            in_time(*patience, encrypt).await.map_err(|e| at("STARTTLS", e))?;
        }
        if let Some(login) = &server.login {
            let log_in = smtp.auth(&[Mechanism::Plain, Mechanism::Login], login);
            in_time(*patience, log_in).await.map_err(|e| at("login", e))?;
        }
        let ask = smtp.command(Ehlo::new(server.hello.clone()));
        let offers = in_time(*patience, ask).await.map_err(|e| at("EHLO", e))?;
        let pipelining = offers.message().any(|line| line.eq_ignore_ascii_case("PIPELINING"));
        Ok(Self { smtp, pipelining, patience: *patience, used: false })
    }

    /// Hands over an e-mail; returns what the server said when it took it.
    pub(super) async fn send(
        &mut self,
        from: &Address,
        to: &Address,
        message: &[u8],
    ) -> Result<String, Trouble> {
        let used = std::mem::replace(&mut self.used, true);
        let eight_bit = !message.is_ascii()
            && self.smtp.server_info().supports_feature(Extension::EightBitMime);
        let body = eight_bit.then_some(MailParameter::Body(MailBodyParameter::EightBitMime));
        let sender = Mail::new(Some(from.clone()), body.into_iter().collect());
        let recipient = Rcpt::new(to.clone(), Vec::new());
        if self.pipelining {
            self.envelope_at_once(&sender, &recipient, used).await?;
        } else {
            let Self { smtp, patience, .. } = self;
            step(Step::Sender, used, *patience, smtp.command(sender)).await?;
            step(Step::Recipient, used, *patience, smtp.command(recipient)).await?;
            step(Step::Data, used, *patience, smtp.command(Data)).await?;
        }
        let Self { smtp, patience, .. } = self;
        let whole = *patience * FOR_A_WHOLE_MAIL;
        step(Step::Message, used, whole, smtp.message(message)).await.map(|reply| text_of(&reply))
    }

    /// All that comes before the e-mail in one go (RFC 2920): a round trip instead of three.
    async fn envelope_at_once(
        &mut self,
        sender: &Mail,
        recipient: &Rcpt,
        used: bool,
    ) -> Result<(), Trouble> {
        let Self { smtp, patience, .. } = self;
        let commands = format!("{sender}{recipient}{Data}");
        let sender = step(Step::Sender, used, *patience, smtp.command(commands)).await;
        if sender.as_ref().is_err_and(|trouble| !trouble.leaves_it_good()) {
            return sender.map(drop);
        }
        let recipient = step(Step::Recipient, used, *patience, smtp.read_response()).await;
        if recipient.as_ref().is_err_and(|trouble| !trouble.leaves_it_good()) {
            return recipient.map(drop);
        }
        let data = step(Step::Data, used, *patience, smtp.read_response()).await;
        if let Err(trouble) = sender.and(recipient) {
            // A server that waits for the e-mail nevertheless gets an empty one, and refuses that.
            if data.is_ok() {
                let _ = step(Step::Message, used, *patience, smtp.message(b"")).await;
            }
            return Err(trouble);
        }
        data.map(drop)
    }

    /// Forgets a half-finished e-mail; `false` where the connection is of no more use.
    pub(super) async fn reset(&mut self) -> bool {
        matches!(timeout(self.patience, self.smtp.command(Rset)).await, Ok(Ok(_)))
    }
}

async fn in_time<T, E: std::error::Error>(
    patience: Duration,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, String> {
    match timeout(patience, work).await {
        Ok(result) => result.map_err(|e| e.to_string()),
        Err(_) => Err(format!("nothing came for {} s", patience.as_secs_f32())),
    }
}

async fn step(
    step: Step,
    used: bool,
    patience: Duration,
    work: impl Future<Output = Result<Response, Error>>,
) -> Result<Response, Trouble> {
    let cause = match timeout(patience, work).await {
        Ok(Ok(reply)) => return Ok(reply),
        Ok(Err(error)) => cause_of(&error),
        Err(_) => Cause::Silence,
    };
    Err(Trouble { step, cause, used })
}

fn cause_of(error: &Error) -> Cause {
    let said = std::error::Error::source(error).map(ToString::to_string);
    match error.status() {
        Some(code) => {
            let code = u16::from(code);
            Cause::Refused {
                code,
                reply: one_line(&format!("{code} {}", said.unwrap_or_default())),
            }
        }
        None => Cause::Cut(said.unwrap_or_else(|| error.to_string())),
    }
}

fn text_of(reply: &Response) -> String {
    let text = reply.message().collect::<Vec<_>>().join(" ");
    one_line(&format!("{} {text}", reply.code()))
}

/// What a server says is a stranger's text: one line of a bearable length.
fn one_line(text: &str) -> String {
    const LONGEST: usize = 500;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().filter(|c| !c.is_control()).take(LONGEST).collect()
}
