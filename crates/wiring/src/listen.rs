//! Listening.

use std::{
    io::{self, ErrorKind},
    net::{IpAddr, SocketAddr, TcpListener},
};

use runtime::{Env, Identity, Listener, config::error};

use crate::Error;

/// Listens where the variables say, by TLS if they name a certificate.
pub fn listen(env: &Env, port: u16) -> Result<Listener, Error> {
    let identity = Identity::from_env(env)?;
    let address: IpAddr = env.or("BIND_ADDRESS", "0.0.0.0")?;
    let address = SocketAddr::new(address, port);
    let listen = || {
        let listener = TcpListener::bind(address)?;
        // For whichever runtime it is handed to.
        listener.set_nonblocking(true)?;
        Ok(Listener::new(listener, identity))
    };
    listen().map_err(|e: io::Error| match e.kind() {
        ErrorKind::AddrInUse => Error::new(format!(
            "port {port} is taken by another program. Stop it, or choose another port (see --help)."
        )),
        ErrorKind::PermissionDenied => {
            Error::new(format!("port {port} needs more rights. Choose one above 1023."))
        }
        _ => error("BIND_ADDRESS", format!("cannot listen on {address}: {e}"), "0.0.0.0").into(),
    })
}
