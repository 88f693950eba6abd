//! What may be logged of a stranger's words.

use std::borrow::Cow;

/// A text as it may be logged: servers and parsers like to quote e-mail addresses.
pub fn without_addresses(text: &str) -> Cow<'_, str> {
    if !text.contains('@') {
        return Cow::Borrowed(text);
    }
    let words = text.split(' ').map(|word| if word.contains('@') { "[address]" } else { word });
    Cow::Owned(words.collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::without_addresses;

    #[test]
    fn addresses_do_not_reach_the_log() {
        let reply = "550 5.1.1 <ada@example.com>: no such user";
        assert_eq!(without_addresses(reply), "550 5.1.1 [address] no such user");
        assert_eq!(without_addresses("it is late"), "it is late");
    }
}
