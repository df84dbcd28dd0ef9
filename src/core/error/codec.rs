//! Sessions that cannot be decoded.

/// The reason why a session could not be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unopened {
    /// The session is encrypted, and the store has no keys.
    #[error("the session is encrypted, but the store has no keys: set the option \"encryption\"")]
    NoKeys,

    /// The session is encrypted with a key that the store does not have.
    #[error(
        "the session is encrypted with the key {id}, which is not among the store's keys: add it to the option \
        \"encryption.keys\""
    )]
    UnknownKey {
        /// The id of the key. It is no secret.
        id: String,
    },

    /// The session was changed, or copied from another place, or two keys have the same id.
    #[error(
        "the session cannot be decrypted: its item was changed, or belongs to another session id, table or item \
        format"
    )]
    Altered,

    /// The session is not encrypted, and the store refuses such sessions.
    #[error("the session is not encrypted, and the option \"encryption.plaintext\" is \"refuse\"")]
    Plaintext,
}
