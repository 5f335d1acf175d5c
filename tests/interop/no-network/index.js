'use strict'

module.exports = () => {
  throw new Error('this client reads from a directory')
}
