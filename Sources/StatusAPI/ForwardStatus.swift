/// One `[[forward]]`: a place that spool files go to.
public struct ForwardStatus: Codable, Hashable, Sendable {
  public enum State: String, Codable, Hashable, Sendable {
    case ok, failing, waiting
  }

  /// The configuration's name of the forward.
  public var id: String
  /// `sftp`, `directory` or `http`.
  public var type: String
  /// Where the files go: directory, or host and remote path.
  public var path: String
  /// `waiting` until the first delivery has ended.
  public var state: State
  /// Name of the file that was delivered last.
  @OrNull public var lastFile: String?
  /// When it was receipted, RFC 3339.
  @OrNull public var lastDeliveredAt: String?
  /// Files receipted since the start of the daemon.
  public var filesDelivered: UInt64
  /// Rows in those files.
  public var rowsDelivered: UInt64
  /// Files that are cut and not yet receipted.
  public var waitingFiles: Int
  /// The newest error: who, what, where and what to do; null when there has been none since the start.
  @OrNull public var lastError: String?

  public init(
    id: String, type: String, path: String, state: State, lastFile: String? = nil,
    lastDeliveredAt: String? = nil, filesDelivered: UInt64 = 0, rowsDelivered: UInt64 = 0,
    waitingFiles: Int = 0, lastError: String? = nil
  ) {
    self.id = id
    self.type = type
    self.path = path
    self.state = state
    self.lastFile = lastFile
    self.lastDeliveredAt = lastDeliveredAt
    self.filesDelivered = filesDelivered
    self.rowsDelivered = rowsDelivered
    self.waitingFiles = waitingFiles
    self.lastError = lastError
  }

  enum CodingKeys: String, CodingKey {
    case id, type, path, state
    case lastFile = "last_file"
    case lastDeliveredAt = "last_delivered_at"
    case filesDelivered = "files_delivered"
    case rowsDelivered = "rows_delivered"
    case waitingFiles = "waiting_files"
    case lastError = "last_error"
  }
}
